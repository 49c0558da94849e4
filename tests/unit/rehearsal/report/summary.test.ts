import { describe, expect, it } from "vitest";
import { summariseRehearsal } from "../../../../rehearsal/report/summary.ts";
import { ABORTED, CLEAN, EMPTY, FAILING, finding, HOSTILE, LARGE } from "./rehearsals.ts";

describe("the summary of a rehearsal", () => {
  it("begins with the verdict, and names releases and snapshot", () => {
    expect(summariseRehearsal(CLEAN).slice(0, 3)).toEqual([
      "Rehearsal for production: PASSED; 3 migrations, nothing found",
      "  reference/application:0823e298004d → reference/application:5b1f20c97aa3, on snapshot 3fa9c2d4e811 of",
      "  production (2026-11-20 02:15 UTC, 1,004,211 rows), full form, 24.7 s",
    ]);
    expect(summariseRehearsal(FAILING)[0]).toBe(
      "Rehearsal for production: FAILED; 3 migrations, 2 blocking findings, 1 warning, 1 note",
    );
    expect(summariseRehearsal(EMPTY)[0]).toBe("Rehearsal for production: PASSED; no migrations pending, nothing found");
    expect(summariseRehearsal(ABORTED)[1]).toMatch(/^ {2}no release → reference\/application:5b1f20c97aa3/);
  });

  it("says of each step how it went and how long it took", () => {
    const lines = summariseRehearsal(FAILING);
    expect(lines).toContain(`  ✓ ${"Plan".padEnd(34)}    1.10 s  3 migrations, 4 statements`);
    expect(lines).toContain(
      `  ✗ ${"Traffic beside the migrations".padEnd(34)}    8.10 s  the longest wait is 4.9 s, the limit 2 s`,
    );
    expect(lines).toContain(`  - ${"Way back".padEnd(34)}   skipped  the old release does not work afterwards`);
  });

  it("gives each finding with cause, consequence and remedy, those that block first", () => {
    const lines = summariseRehearsal(FAILING);
    const heads = lines.filter((line) => /^ {2}[A-Z]{4,} /.test(line)).map((line) => line.trim().split(" ")[0]);
    expect(heads).toEqual(["BLOCKING", "BLOCKING", "WARNING", "NOTE"]);
    const first = lines.indexOf("  BLOCKING INSERT flights.Airport [old-code.breaks]");
    expect(lines.slice(first + 1, first + 4)).toEqual([
      '    cause   null value in column "region" of relation "flights_airport" violates not-null constraint',
      "    then    While the release is rolled out, the old tasks cannot write airports.",
      "    remedy  Give the column a default of the database (db_default), and take it away in a later release.",
    ]);
  });

  it("shows every blocking finding, and of many notes the first five", () => {
    const notes = Array.from({ length: 8 }, (_, index) => finding({ severity: "note", subject: `note ${index}` }));
    const blocking = Array.from({ length: 12 }, (_, index) => finding({ subject: `blocking ${index}` }));
    const lines = summariseRehearsal({ ...FAILING, findings: [...notes, ...blocking] }, { page: "reports/a.html" });
    expect(lines.filter((line) => line.startsWith("  BLOCKING"))).toHaveLength(12);
    expect(lines.filter((line) => line.startsWith("  NOTE"))).toHaveLength(5);
    expect(lines.slice(-2)).toEqual(["  and 3 more notes, on the page", "  page: reports/a.html"]);
  });

  it("says that it was rehearsed earlier, and leaves to an error what that tells", () => {
    const blocking = finding({ severity: "blocking", id: "migration.aborts" });
    const rehearsal = { ...FAILING, findings: [blocking, finding({ severity: "warning" })] };
    const lines = summariseRehearsal(rehearsal, { repeated: true, blocking: false });
    expect(lines[0]).toContain("FAILED; ");
    expect(lines[0]).toContain("1 blocking finding, 1 warning");
    expect(lines.join("\n")).toMatch(/ rehearsed already, \d{4}-\d\d-\d\d \d\d:\d\d UTC: releases, snapshot/);
    expect(lines.filter((line) => line.startsWith("  BLOCKING"))).toEqual([]);
    expect(lines.filter((line) => line.startsWith("  WARNING"))).toHaveLength(1);
    expect(summariseRehearsal(rehearsal).join("")).not.toContain("rehearsed already");
  });

  it.each([
    ["as usual", 110],
    ["in a narrow terminal", 60],
  ])("keeps every line within the width, %s", (_, width) => {
    const long = finding({ cause: `${"word ".repeat(30)}${"x".repeat(400)} ${"word ".repeat(300)}` });
    for (const rehearsal of [FAILING, LARGE, HOSTILE, { ...FAILING, findings: [long] }]) {
      const lines = summariseRehearsal(rehearsal, { width });
      expect(lines.filter((line) => line.length > width)).toEqual([]);
    }
    const cause = summariseRehearsal({ ...FAILING, findings: [long] }, { width }).filter((line) => line.endsWith(" …"));
    expect(cause, "what is left out is marked").toHaveLength(1);
  });

  it("passes no control character of a text on to the terminal", () => {
    const text = summariseRehearsal(HOSTILE).join("");
    expect(text).not.toMatch(/\p{Control}/u);
    expect(text).toContain("a & b < c");
  });

  it("is coloured where that is asked for, with the same words", () => {
    const plain = summariseRehearsal(FAILING);
    const coloured = summariseRehearsal(FAILING, { colours: true });
    expect(coloured).not.toEqual(plain);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters.
    expect(coloured.map((line) => line.replaceAll(/\u001b\[\d+m/g, ""))).toEqual(plain);
  });
});
