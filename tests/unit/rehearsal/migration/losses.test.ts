import { describe, expect, it } from "vitest";
import { emptiedFindings } from "../../../../rehearsal/migration/findings/answers.ts";
import { permissionFindings } from "../../../../rehearsal/migration/findings/permissions.ts";
import { sessionFindings } from "../../../../rehearsal/migration/findings/session.ts";
import { alikeFindings, valueFindings } from "../../../../rehearsal/migration/findings/values.ts";
import type { CodeAnswer } from "../../../../rehearsal/migration/outgoing-code.ts";
import type { Finding, MigrationRun, PlannedMigration } from "../../../../rehearsal/migration/result.ts";
import { type ColumnValues, columnsThatDiffer } from "../../../../rehearsal/migration/values.ts";

const PLAN: PlannedMigration = {
  migration: "shop.0002_change",
  operations: [],
  sql: ['UPDATE "shop_note" SET "state" = 1'],
  atomic: true,
  reversible: true,
  tables: ["shop_note"],
};

function values(changes: Partial<ColumnValues>): ColumnValues {
  return { type: "text", rows: 100, nulls: 0, different: 3, frequent: [], ...changes };
}

const short = (findings: readonly Finding[]) => findings.map(({ severity, id }) => `${severity} ${id}`);

function lost(before: Partial<ColumnValues>, after: Partial<ColumnValues>, column = "state"): Finding[] {
  return valueFindings([{ table: "shop_note", column, before: values(before), after: values(after) }], [PLAN], []);
}

describe("values that a migration takes away", () => {
  it("are those that a narrower type cuts", () => {
    const [cut] = lost(
      { type: "character varying(120)", different: 90 },
      { type: "character varying(8)", different: 40 },
    );
    expect(cut).toMatchObject({
      severity: "blocking",
      id: "data.values-cut",
      migration: "shop.0002_change",
      cause: "its type goes from character varying(120) to character varying(8), and 90 different values become 40",
    });
    expect(lost({ type: "integer" }, { type: "bigint" })).toEqual([]);
  });

  it("are those of every row", () => {
    const before = {
      frequent: [
        { value: "published", rows: 60 },
        { value: "received", rows: 40 },
      ],
      different: 2,
    };
    const [overwritten] = lost(before, { different: 1, frequent: [{ value: "published", rows: 100 }] });
    expect(overwritten).toMatchObject({
      severity: "blocking",
      id: "data.values-overwritten",
      evidence: ['before: "published" in 60, "received" in 40', 'after: "published" in 100'],
    });
    expect(short(lost({}, { different: 0, nulls: 100 }))).toEqual(["blocking data.values-overwritten"]);
    expect(short(lost({ rows: 4 }, { rows: 4, different: 1 }))).toEqual(["warning data.values-merged"]);
  });

  it("are those that nobody knew, where they become a number that others have", () => {
    const filled = (different: number, filledWith?: { value: string; rows: number; had: number }) =>
      valueFindings(
        [
          {
            ...{ table: "shop_note", column: "delay", ...(filledWith === undefined ? {} : { filledWith }) },
            before: values({ type: "integer", nulls: 18, different }),
            after: values({ type: "integer", different }),
          },
        ],
        [PLAN],
        [],
      );
    const [blurred] = filled(40, { value: "0", rows: 18, had: 5 });
    expect(blurred).toMatchObject({
      ...{ id: "data.nulls-filled", severity: "note", subject: "shop_note.delay" },
      cause: "18 rows in which it was empty hold 0 now, as 5 others did before, which have it for a value of their own",
    });
    expect(filled(40)).toEqual([]);
    expect(filled(3, { value: "0", rows: 18, had: 5 })).toEqual([]);
  });

  it("are a warning where only some become equal, and none where rows are removed or values are filled in", () => {
    expect(short(lost({ different: 9 }, { different: 7 }))).toEqual(["warning data.values-merged"]);
    expect(lost({ different: 9 }, { different: 7, rows: 60 })).toEqual([]);
    expect(lost({ different: 0, nulls: 100 }, { different: 1 })).toEqual([]);
  });

  it("are looked for in columns whose sums differ", () => {
    const table = (columns: Record<string, string>) => ({ rows: 1, bytes: 1, columns });
    const before = { a: table({ x: "1", y: "1", gone: "1" }), django_migrations: table({ name: "1" }) };
    const after = { a: table({ x: "1", y: "2" }), django_migrations: table({ name: "2" }) };
    expect(columnsThatDiffer(before, after)).toEqual([{ table: "a", column: "y" }]);
  });
});

describe("settings that a migration leaves in its session", () => {
  const run = (left: MigrationRun["left"] & object): MigrationRun[] => [
    { migration: "shop.0002_change", atomic: true, start: 0, seconds: 1, statements: [], locks: [], retries: 0, left },
  ];

  it("stop the release where they decide what statements mean", () => {
    const [found] = sessionFindings(run({ search_path: "archive, public", lock_timeout: "5000" }));
    expect(found).toMatchObject({
      severity: "blocking",
      id: "migration.session",
      subject: "search_path",
      cause: "the migration sets search_path to archive, public and does not put it back",
    });
    expect(sessionFindings(run({ lock_timeout: "5000" }))).toEqual([]);
  });
});

describe("what the running release shows on migrated data", () => {
  const answer = (path: string, fields: Record<string, number>): CodeAnswer => ({
    path,
    page: true,
    values: Object.fromEntries(
      Object.entries(fields).map(([field, filled]) => [
        field,
        { digest: "", count: filled, filled, numeric: false, sample: ["rain"] },
      ]),
    ),
  });
  const before = [
    answer("/airports/SEA/", { '"Weather", Day': 7, '"Flights", Gate': 3 }),
    answer("/", { "the page, Wind": 1 }),
  ];

  it("stops the release where it is nothing", () => {
    const after = [answer("/airports/SEA/", { '"Flights", Gate': 3 }), answer("/", { "the page, Wind": 0 })];
    expect(emptiedFindings(before, after, [PLAN])).toMatchObject([
      {
        severity: "blocking",
        id: "old-code.shows-nothing",
        migration: "shop.0002_change",
        subject: "GET /airports/SEA/",
        evidence: [
          'GET /airports/SEA/: "Weather", Day: 7 before, such as rain',
          "GET /: the page, Wind: 1 before, such as rain",
        ],
      },
    ]);
  });

  it("is no matter where it is shown elsewhere, or where the page itself fails", () => {
    const elsewhere = [
      answer("/airports/SEA/", { '"Flights", Gate': 3, "the page, Wind": 1 }),
      answer("/", { '"Weather", Day': 1 }),
    ];
    expect(emptiedFindings(before, elsewhere, [PLAN])).toEqual([]);
    expect(emptiedFindings(before, [], [PLAN])).toEqual([]);
    const renamed = [answer("/airports/SEA/", { '"Weather in Seattle", Day': 7, '"Flights", Gate': 3 })];
    expect(emptiedFindings(before.slice(0, 1), renamed, [PLAN])).toEqual([]);
  });
});

describe("permissions that no model has any more", () => {
  it("stop the release, with who holds them", () => {
    const found = permissionFindings([
      { name: "shop.view_order", groups: 2 },
      { name: "shop.add_order", groups: 1 },
      { name: "shop.delete_order", groups: 0 },
    ]);
    expect(short(found)).toEqual(Array(3).fill("blocking data.permission"));
    expect(found.map(({ subject, cause }) => `${subject}: ${cause.split(" the permission")[0] ?? ""}`)).toEqual([
      "shop.view_order: 2 groups hold",
      "shop.add_order: 1 group holds",
      "shop.delete_order: users hold",
    ]);
  });
});

describe("a column that is new", () => {
  const added = (held: Partial<ColumnValues>) =>
    alikeFindings([{ table: "shop_note", column: "token", values: values({ different: 1, ...held }) }], [PLAN], []);
  const one = (value: string) => ({ frequent: [{ value, rows: 100 }] });

  it("must tell rows apart where its values are drawn for one row each", () => {
    const uuid = { type: "uuid", ...one("0b1f4c1e-5d3e-4a57-8a0e-0c4d1d6c1f2a") };
    expect(added(uuid)).toMatchObject([
      { severity: "blocking", id: "data.values-alike", subject: "shop_note.token", migration: "shop.0002_change" },
    ]);
    expect(added(one("x7Gk2mQ9pLr4Tz8W"))[0]?.cause).toContain('all 100 rows hold "x7Gk2mQ9pLr4Tz8W"');
    expect(added({ ...uuid, different: 100 })).toEqual([]);
    expect(added({ ...uuid, rows: 1 })).toEqual([]);
    expect(added({ ...uuid, nulls: 99 })).toEqual([]);
  });

  it("is told of where all rows get the moment of the migration", () => {
    const moment = { type: "timestamp with time zone", ...one("2026-01-01 12:00:00.123456+00") };
    const at = Date.parse("2026-01-01T12:05:00Z");
    const [found] = alikeFindings(
      [{ table: "shop_note", column: "published_at", values: values({ different: 1, ...moment }) }],
      [PLAN],
      [],
      at,
    );
    expect(found).toMatchObject({ severity: "warning", id: "data.values-alike", subject: "shop_note.published_at" });
    expect(found?.cause).toContain("all 100 rows hold the moment of the migration");
  });

  it("may hold the same state, time or text everywhere", () => {
    expect(added(one("published"))).toEqual([]);
    expect(added(one(""))).toEqual([]);
    expect(added({ type: "timestamp with time zone", ...one("2026-01-01 12:00:00+00") })).toEqual([]);
    expect(added({ different: 0, nulls: 100 })).toEqual([]);
  });
});
