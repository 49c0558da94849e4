import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { ColumnTransforms } from "../../../../rehearsal/snapshot/masking/column-transforms.ts";
import { fieldOf, fieldValue } from "../../../../rehearsal/snapshot/masking/copy-text.ts";
import type { MaskedColumn, MaskingKind } from "../../../../rehearsal/snapshot/masking/kinds.ts";
import { MaskingStream } from "../../../../rehearsal/snapshot/masking/masking-stream.ts";
import { mapArrayElements, mapJsonStrings } from "../../../../rehearsal/snapshot/masking/nested.ts";
import { shiftDays, shiftedDate } from "../../../../rehearsal/snapshot/masking/shift.ts";

const key = Buffer.alloc(32, 7);
const upper = (value: string) => value.toUpperCase();

function column(baseType: string, limit?: number): MaskedColumn {
  const place = { schema: "public", table: "t", name: "c" };
  return { ...place, type: baseType, baseType, limit, nullable: true, generated: false, unique: false };
}

async function transform(kind: MaskingKind, baseType = "text", limit?: number) {
  return await new ColumnTransforms(key).forColumn(column(baseType, limit), kind);
}

describe("fields of COPY's text form", () => {
  it.each(["", "plain", "tab\tline\nreturn\rback\\slash\b\f\v", "\\N", "ünï€"])(
    "come back as they were: %j",
    (value) => {
      expect(fieldValue(fieldOf(value))).toBe(value);
    },
  );

  it("tell NULL from a text that looks like it", () => {
    expect(fieldOf(undefined).toString()).toBe("\\N");
    expect(fieldValue(Buffer.from("\\N"))).toBeUndefined();
    expect(fieldOf("\\N").toString()).toBe("\\\\N");
  });
});

describe("masking rows", () => {
  async function masked(rows: string, size: number): Promise<{ out: string; unmasked: string; content: string }> {
    const hash = (value: string) => `<${value}>`;
    const stream = new MaskingStream([undefined, hash, undefined, () => undefined]);
    const bytes = Buffer.from(rows);
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    );
    const out = await text(Readable.from(chunks).pipe(stream));
    const { unmasked, content } = stream.passed();
    return { out, unmasked, content };
  }

  it("changes masked fields alone, wherever chunks end", async () => {
    const rows = "1\tAnnä\tx\tsecret\n2\t\\N\t\\N\t\\N\n3\t\ty\\tz\ta\\nb\n";
    const expected = "1\t<Annä>\tx\t\\N\n2\t\\N\t\\N\t\\N\n3\t<>\ty\\tz\t\\N\n";
    const whole = await masked(rows, 1000);
    expect(whole.out).toBe(expected);
    for (const size of [1, 2, 3, 7]) expect(await masked(rows, size)).toEqual(whole);
  });

  it("tells a change of an unmasked field from one of a masked field", async () => {
    const before = await masked("1\tAnna\tx\ts\n", 9);
    const other = await masked("1\tBerta\tx\ts\n", 9);
    expect(other.unmasked).toBe(before.unmasked);
    expect(other.content).not.toBe(before.content);
    expect((await masked("1\tAnna\ty\ts\n", 9)).unmasked).not.toBe(before.unmasked);
  });
});

describe("hash", () => {
  it("changes the strings of JSON and leaves keys, numbers and form as they are", async () => {
    const json = '{ "name": "Anna", "n": 1.50, "list": ["x\\"y", null, true], "a:b" : "" , "n": 12345678901234567890}';
    expect(mapJsonStrings(json, upper)).toBe(
      '{ "name": "ANNA", "n": 1.50, "list": ["X\\"Y", null, true], "a:b" : "" , "n": 12345678901234567890}',
    );
    const masked = (await transform("hash", "jsonb"))('{"name": "Anna"}');
    expect(masked).toMatch(/^\{"name": "[A-Z][a-z]{3}"\}$/);
    expect(masked).not.toContain("Anna");
  });

  it("changes the elements of a list and leaves NULL and its form as they are", () => {
    expect(mapArrayElements('{a,NULL,"NULL","b \\"c\\" \\\\ {d}",""}', upper)).toBe(
      '{A,NULL,"NULL","B \\"C\\" \\\\ {D}",""}',
    );
    expect(mapArrayElements("[0:1]={{a,b},{c,NULL}}", upper)).toBe("[0:1]={{A,B},{C,NULL}}");
    expect(mapArrayElements("{}", upper)).toBe("{}");
  });

  it("gives a text the same mask in columns of different types", async () => {
    expect((await transform("hash", "varchar"))("anna@example.org")).toBe(
      (await transform("hash", "citext"))("anna@example.org"),
    );
  });
});

describe("shift", () => {
  it("moves all dates by the same number of days, and keeps the time of day", () => {
    expect(shiftedDate("2024-02-28 12:30:00.123456+00", 2)).toBe("2024-03-01 12:30:00.123456+00");
    expect(shiftedDate("2024-01-01", -1)).toBe("2023-12-31");
    expect(Math.abs(shiftDays(key))).toBeGreaterThanOrEqual(30);
    expect(Math.abs(shiftDays(key))).toBeLessThanOrEqual(365);
  });

  it("leaves what stands for something: infinity, dates before 1900, after 2100 and before Christ", () => {
    for (const value of [
      "infinity",
      "-infinity",
      "1899-12-31",
      "2101-01-01",
      "0044-03-15 BC",
      "10000-01-01",
      "1999-01-01 00:00:00 BC",
    ]) {
      expect(shiftedDate(value, 40)).toBe(value);
    }
  });

  it("keeps distinct dates distinct at the ends of the range", () => {
    const days = Array.from({ length: 800 }, (_, at) => new Date(Date.UTC(2100, 0, 1 + at)).toISOString().slice(0, 10));
    expect(new Set(days.map((day) => shiftedDate(day, 300))).size).toBe(days.length);
  });
});

describe("fake and null", () => {
  it("makes up the same value each time, within the column's length", async () => {
    for (const kind of ["name", "first-name", "last-name", "email", "phone", "address", "city", "company", "text"]) {
      const fake = await transform(`fake:${kind}`, "varchar", 12);
      const made = fake("Anna Schmidt");
      expect(made).toBe((await transform(`fake:${kind}`, "varchar", 12))("Anna Schmidt"));
      expect(made).not.toBe("Anna Schmidt");
      expect(made?.length).toBeLessThanOrEqual(12);
      expect(fake("")).toBe("");
    }
  });

  it("makes addresses that no mail can reach", async () => {
    expect((await transform("fake:email"))("anna@web.de")).toMatch(/@example\.(com|net|org)$/);
  });

  it("puts NULL in the place of every value", async () => {
    expect((await transform("null"))("x")).toBeUndefined();
  });
});
