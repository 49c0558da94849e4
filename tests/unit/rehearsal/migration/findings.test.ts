import { describe, expect, it } from "vitest";
import { abortFindings } from "../../../../rehearsal/migration/findings/aborts.ts";
import { backFindings, lostFindings } from "../../../../rehearsal/migration/findings/back.ts";
import { dataFindings, soundnessFindings } from "../../../../rehearsal/migration/findings/data.ts";
import { compareRounds, oldCodeFindings } from "../../../../rehearsal/migration/findings/old-code.ts";
import { planFindings } from "../../../../rehearsal/migration/findings/plan.ts";
import {
  freshBuildFindings,
  schemaDifferences,
  schemaFindings,
} from "../../../../rehearsal/migration/findings/schema.ts";
import type { PlannedMigration } from "../../../../rehearsal/migration/result.ts";
import { ids, ran, statement } from "./runs.ts";

function planned(sql: string[]): PlannedMigration {
  return { migration: "shop.0002_change", operations: [], sql, atomic: true, reversible: true, tables: [] };
}

describe("a migration that aborts", () => {
  it.each([
    ['IntegrityError: column "gate" of relation "shop_flight" contains null values', "migration.aborts.nulls"],
    [
      'IntegrityError: could not create unique index "x"\nDETAIL: Key (code)=(A) is duplicated.',
      "migration.aborts.duplicates",
    ],
    ['IntegrityError: check constraint "positive" of relation "a" is violated by some row', "migration.aborts.rows"],
    ['IntegrityError: insert or update on table "a" violates foreign key constraint "b"', "migration.aborts.orphans"],
    ["DataError: value too long for type character varying(3)", "migration.aborts.values"],
    ["DataError: integer out of range", "migration.aborts.values"],
    ["DataError: RESTART value (9) cannot be greater than MAXVALUE (8)", "migration.aborts.values"],
    ["OperationalError: canceling statement due to lock timeout", "migration.aborts.lock"],
    ["it was killed at its 384 MiB of memory", "migration.aborts.memory"],
    ["OperationalError: canceling statement due to statement timeout", "migration.aborts.time"],
    ['OperationalError: could not extend file "base/1/2": No space left on device', "migration.aborts.space"],
    ["ProgrammingError: must be owner of table shop_flight", "migration.aborts.rights"],
    ['ProgrammingError: relation "x" already exists', "migration.aborts.exists"],
    ['ProgrammingError: column "y" does not exist', "migration.aborts.absent"],
    ['NotSupportedError: extension "postgis" is not available', "migration.aborts.extension"],
    [
      'OperationalError: cannot ALTER TABLE "a" because it has pending trigger events',
      "migration.aborts.pending-triggers",
    ],
    ["Airport.DoesNotExist: Airport matching query does not exist.", "migration.aborts.objects"],
    ["Permission.DoesNotExist: Permission matching query does not exist.", "migration.aborts.after-all"],
    ["ZeroDivisionError: division by zero", "migration.aborts"],
  ])("is told by its cause: %s", (error, id) => {
    const [finding] = abortFindings([ran([statement({ sql: "ALTER", error })], { error })], [], false);
    expect(finding).toMatchObject({ id, severity: "blocking", migration: "shop.0002_change" });
    expect(finding?.cause).toContain(error.split("\n")[0]);
    expect(finding?.evidence).toContain("ALTER");
  });

  it("is told by its statement where the server's words alone would mislead", () => {
    const error = 'IntegrityError: could not create unique index "x"\nDETAIL: Key (code)=(A) is duplicated.';
    const sql = `ALTER TABLE "a" ADD COLUMN "code" uuid DEFAULT 'A'::uuid NOT NULL UNIQUE`;
    expect(abortFindings([ran([statement({ sql, error })], { error })], [], false)).toMatchObject([
      { id: "migration.aborts.one-default" },
    ]);
  });

  it.each([
    ["INSERT INTO auth_group", "auth_group_name_key", "migration.aborts.row-there"],
    ["INSERT INTO auth_group", "auth_group_pkey", "migration.aborts.key-taken"],
    ["UPDATE shop_day SET at = at + '1h'", "shop_day_at_key", "migration.aborts.update-collides"],
    ["CREATE UNIQUE INDEX x ON shop_day (at)", "shop_day_at_key", "migration.aborts.duplicates"],
  ])("tells a key that is there already by who meets it: %s, %s", (sql, constraint, id) => {
    const error = `IntegrityError: duplicate key value violates unique constraint "${constraint}"\nDETAIL: Key exists.`;
    expect(abortFindings([ran([statement({ sql, error })], { error })], [], false)).toMatchObject([{ id }]);
  });

  it("tells a key that Django's own record of migrations cannot have", () => {
    const error = 'IntegrityError: duplicate key value violates unique constraint "django_migrations_pkey"';
    expect(abortFindings([ran([], { error })], [], false)).toMatchObject([{ id: "migration.aborts.key-taken" }]);
  });

  it("says that what has been done stays where the migration is not atomic", () => {
    const [finding] = abortFindings([ran([], { atomic: false, error: "Error: no" })], [], false);
    expect(finding?.consequence).toContain("half-way");
  });

  it("for want of ownership is told with the role that has it", () => {
    const foreign = [{ table: "shop_flight", kind: "TABLE", owner: "somebody", granted: [] }];
    const owner = "ProgrammingError: must be owner of table shop_flight";
    const failing = [ran([statement({ sql: "ALTER", error: owner })], { error: owner })];
    expect(abortFindings(failing, [], false, foreign)).toMatchObject([
      {
        id: "migration.aborts.owner",
        subject: "shop_flight",
        cause: expect.stringContaining("role somebody") as string,
      },
    ]);
    const [other] = abortFindings(failing, [], false, [{ ...foreign[0], table: "shop_note" } as (typeof foreign)[0]]);
    expect(other).toMatchObject({ id: "migration.aborts.rights" });
  });

  it("is told from a run that could not even begin", () => {
    const [finding] = abortFindings([], ["ImportError: no module named gates"], false);
    expect(finding).toMatchObject({ id: "migration.aborts", severity: "blocking" });
    expect(finding?.cause).toContain("no module named gates");
  });

  it("is none where all went through", () => {
    expect(abortFindings([ran([statement()])], [], true)).toEqual([]);
  });
});

describe("the running release on the new schema", () => {
  const operation = (name: string, error: string | null) => ({ operation: name, seconds: 0, error });

  it("is found broken where it worked before, one finding for each cause", () => {
    const before = [
      operation("GET /", null),
      operation("INSERT shop.Flight", null),
      operation("GET /x", "Error: always"),
    ];
    const after = [
      operation("GET /", "ProgrammingError: column shop_flight.gate does not exist\nLINE 1: SELECT | views.py:3"),
      operation(
        "INSERT shop.Flight",
        'IntegrityError: null value in column "terminal" violates not-null constraint | models.py:1',
      ),
      operation("GET /x", "Error: always"),
    ];
    const findings = oldCodeFindings(
      compareRounds(before, after),
      [planned(['ALTER TABLE "shop_flight" DROP COLUMN "gate"'])],
      [],
    );
    expect(ids(findings)).toEqual(["blocking old-code.breaks", "blocking old-code.breaks"]);
    expect(findings[0]).toMatchObject({ subject: "GET /", migration: "shop.0002_change" });
    expect(findings[0]?.cause).toContain("column shop_flight.gate does not exist");
    expect(findings[1]?.remedy).toContain("db_default");
  });

  it("is blamed on the migration that is about the operation's table where the error names nothing", () => {
    const before = [{ ...operation("INSERT shop.Flight", null), table: "shop_flight" }];
    const after = [operation("INSERT shop.Flight", "ProgrammingError: operator does not exist: text = uuid")];
    const plan = [
      { ...planned([]), migration: "shop.0002_change", tables: ["shop_flight"] },
      { ...planned([]), migration: "shop.0003_note", tables: ["shop_note"] },
    ];
    const rounds = compareRounds(before, after);
    expect(oldCodeFindings(rounds, plan, [])).toMatchObject([{ migration: "shop.0002_change" }]);
    expect(oldCodeFindings(rounds, plan.slice(1), [])).toMatchObject([{ migration: "shop.0003_note" }]);
  });

  it("is not blamed for an operation that one round alone knows", () => {
    expect(compareRounds([operation("GET /a", null)], [operation("GET /b", "Error")])).toEqual([]);
  });
});

describe("data", () => {
  const table = (rows: number, columns: Record<string, string>) => ({ rows, bytes: 1, columns });
  const update = [ran([statement({ sql: 'UPDATE "shop_flight" SET "gate" = upper("gate")' })])];

  it("may change where a migration names it, and nowhere else", () => {
    const before = { shop_flight: table(2, { gate: "1", code: "1" }) };
    expect(dataFindings(before, { shop_flight: table(2, { gate: "2", code: "1" }) }, [], update)).toEqual([]);
    const findings = dataFindings(before, { shop_flight: table(2, { gate: "1", code: "2" }) }, [], update);
    expect(ids(findings)).toEqual(["blocking data.values-changed"]);
    expect(findings[0]?.cause).toContain("code");
  });

  it("that vanishes from a table which no migration names is found", () => {
    const outside = ['INSERT INTO "shop_note" ("id") VALUES (%s)'];
    expect(dataFindings({ shop_note: table(5, {}) }, { shop_note: table(6, {}) }, [], update, outside)).toEqual([]);
    const [finding] = dataFindings({ shop_note: table(5, {}) }, { shop_note: table(3, {}) }, [], update);
    expect(finding).toMatchObject({ id: "data.rows-changed", severity: "blocking", subject: "shop_note" });
  });

  it("is not named by what only declares constraints, tables and triggers", () => {
    const declare = [
      ran([
        statement({
          sql: 'ALTER TABLE "shop_note" ADD FOREIGN KEY ("flight_id") REFERENCES "shop_flight" ON DELETE CASCADE',
        }),
        statement({
          sql: "CREATE FUNCTION stamp() RETURNS trigger AS $$ BEGIN UPDATE shop_note SET text = ''; END $$ LANGUAGE plpgsql",
        }),
        statement({ sql: "CREATE TRIGGER stamp AFTER UPDATE ON shop_note EXECUTE FUNCTION stamp()" }),
        statement({ sql: 'DELETE FROM "shop_flight"' }),
      ]),
    ];
    const before = { shop_note: table(5, { text: "1" }) };
    const [rows] = dataFindings(before, { shop_note: table(3, { text: "2" }) }, [], declare);
    expect(rows).toMatchObject({ id: "data.rows-changed", migration: "shop.0002_change" });
    const [values] = dataFindings(before, { shop_note: table(5, { text: "2" }) }, [], declare);
    expect(values).toMatchObject({ id: "data.values-changed", migration: "shop.0002_change" });
    const fill = "CREATE FUNCTION fill() RETURNS void AS $$ UPDATE shop_note SET text = '' $$ LANGUAGE sql";
    expect(dataFindings(before, { shop_note: table(5, { text: "2" }) }, [planned([fill])], [])).toEqual([]);
  });

  it("that a migration removes on purpose is said", () => {
    const remove = [ran([statement({ sql: 'DELETE FROM "shop_note"' })])];
    expect(ids(dataFindings({ shop_note: table(5, {}) }, { shop_note: table(0, {}) }, [], remove))).toEqual([
      "warning data.rows-removed",
    ]);
  });

  it("stops the release where rows are removed that say what no other one says", () => {
    const remove = [ran([statement({ sql: 'DELETE FROM "shop_note"' })])];
    const removed = (doubles: number, name = "shop_note") =>
      dataFindings(
        { [name]: table(9, {}) },
        { [name]: table(7, {}) },
        [planned([`DELETE FROM "${name}"`])],
        remove,
        [],
        {
          [name]: doubles,
        },
      );
    expect(ids(removed(0))).toEqual(["blocking data.rows-removed"]);
    expect(removed(0)[0]?.cause).toBe("the migrations remove 2 of 9 rows; they say what no other row says");
    expect(removed(1)[0]?.cause).toContain("at least 1 of them say what no other row says");
    expect(ids(removed(2))).toEqual(["warning data.rows-removed"]);
    expect(ids(removed(0, "django_session"))).toEqual(["warning data.rows-removed"]);
  });

  it("that no longer holds together is found, unless it did not before", () => {
    const sound = { invalidIndexes: [], notValidated: [], unmet: [], behind: [] };
    const behind = [{ sequence: "s", column: "t.id", next: "5", highest: "9" }];
    const broken = { invalidIndexes: ["i"], notValidated: ["c on t"], unmet: [], behind };
    const making = [ran([statement({ sql: 'CREATE INDEX CONCURRENTLY "i" ON "shop_flight" ("gate")' })])];
    const findings = soundnessFindings(sound, broken, [planned(['INSERT INTO "t" ("id") VALUES (9)'])], making);
    expect(ids(findings)).toEqual([
      "blocking data.index-invalid",
      "note data.constraint-not-validated",
      "blocking data.sequence-behind",
    ]);
    expect(findings.map(({ migration }) => migration)).toEqual(["shop.0002_change", undefined, "shop.0002_change"]);
    expect(ids(soundnessFindings(broken, broken, [], []))).toEqual(["warning data.sequence-behind"]);
  });

  it("stops the release: rows that break a constraint NOT VALID, which no save of theirs gets past", () => {
    const sound = { invalidIndexes: [], notValidated: [], unmet: [], behind: [] };
    const unmet = [{ constraint: "c on t", table: "t", rows: 7 }];
    const after = { ...sound, notValidated: ["c on t", "d on t"], unmet };
    const adding = 'ALTER TABLE "t" ADD CONSTRAINT c CHECK (length(text) >= 10) NOT VALID';
    const findings = soundnessFindings(sound, after, [planned([adding])], []);
    expect(ids(findings)).toEqual(["blocking data.constraint-unmet", "note data.constraint-not-validated"]);
    expect(findings[0]).toMatchObject({ migration: "shop.0002_change", subject: "c on t" });
    expect(findings[0]?.cause).toContain("7 rows break the constraint");
    expect(soundnessFindings(after, after, [], [])).toEqual([]);
  });
});

describe("the schema", () => {
  it("that differs from a fresh build blames the release, or whoever changed the database before", () => {
    const fresh = new Map([
      ["column public.a.x", "text"],
      ["index public.i", "btree (x)"],
    ]);
    const found = new Map([
      ["column public.a.x", "text"],
      ["column public.a.y", "int"],
    ]);
    const differences = schemaDifferences(fresh, found);
    expect(differences.map(({ name }) => name)).toEqual(["column public.a.y", "index public.i"]);
    expect(ids(schemaFindings(differences, []))).toEqual(["blocking schema.differs"]);
    const adding = [ran([statement({ sql: 'ALTER TABLE "a" ADD COLUMN "y" int' })])];
    expect(schemaFindings(differences, [], [], adding)).toMatchObject([{ migration: "shop.0002_change" }]);
    expect(schemaFindings(differences, [], [planned(['CREATE TABLE "b" ("y" int)'])], [])[0]).not.toHaveProperty(
      "migration",
    );
    expect(ids(schemaFindings(differences, differences))).toEqual(["warning schema.drift"]);
    expect(ids(schemaFindings(differences, differences.slice(0, 1)))).toEqual([
      "blocking schema.differs",
      "warning schema.drift",
    ]);
  });
});

describe("a fresh build", () => {
  it("that fails names the migration that it failed at", () => {
    const failed = {
      failed: ["Traceback", "ProgrammingError: column a.x does not exist"],
      migration: "shop.0001_initial",
    };
    const [finding] = freshBuildFindings(failed);
    expect(finding).toMatchObject({
      id: "schema.fresh-build-fails",
      severity: "blocking",
      migration: "shop.0001_initial",
    });
    expect(finding?.cause).toContain("column a.x does not exist");
  });
});

describe("the plan", () => {
  it("with several leaf nodes, a contradicting history or a forgotten migration stops the release", () => {
    const plan = {
      database: "reachable",
      applied: 1,
      pending: [],
      conflicts: ["shop (a, b)"],
      inconsistencies: ["c before d"],
      missing: [{ change: "shop: Add field x", schema: true, own: true }],
      lint: [],
    } as const;
    expect(ids(planFindings(plan))).toEqual([
      "blocking migration.conflict",
      "blocking migration.history",
      "blocking migration.missing",
    ]);
  });

  it("that makes tables anew which migrations without a file have made stops the release", () => {
    const made = { sql: [], atomic: true, reversible: true, tables: [] };
    const plan = (unknown: readonly string[], operation: string) => ({
      ...({ database: "reachable", applied: 2, conflicts: [], inconsistencies: [], missing: [], lint: [] } as const),
      pending: [{ ...made, app: "shop", name: "0001_squashed", operations: [operation] }],
      unknown,
    });
    const [found, ...more] = planFindings(
      plan(["other.0001_a", "shop.0001_initial", "shop.0002_b"], "Create model Order"),
    );
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: "migration.history", severity: "blocking", subject: "shop.0001_squashed" });
    expect(found?.cause).toBe(
      "it makes tables of shop, and the database has applied migrations of shop that the release has no file of: shop.0001_initial, shop.0002_b",
    );
    expect(planFindings(plan(["shop.0001_initial"], "Add field x to order"))).toEqual([]);
    expect(planFindings(plan([], "Create model Order"))).toEqual([]);
  });

  it("with models that say more than migrations do weighs it by what it is about", () => {
    const plan = (missing: { change: string; schema: boolean; own: boolean }) =>
      ({
        database: "reachable",
        applied: 1,
        pending: [],
        conflicts: [],
        inconsistencies: [],
        missing: [missing],
        lint: [],
      }) as const;
    const own = { change: "shop: Add field x", schema: true, own: true };
    expect(ids(planFindings(plan(own)))).toEqual(["blocking migration.missing"]);
    expect(ids(planFindings(plan(own), [own]))).toEqual(["warning migration.missing"]);
    expect(ids(planFindings(plan({ ...own, own: false })))).toEqual(["warning migration.missing"]);
    expect(ids(planFindings(plan({ ...own, schema: false })))).toEqual(["note migration.missing"]);
  });
});

describe("the way back", () => {
  it("weighs as much as the running release needs it", () => {
    const irreversible = "shop.0002_change";
    expect(ids(backFindings({ outgoingWorks: true, reversed: [], irreversible }))).toEqual(["note back.irreversible"]);
    expect(ids(backFindings({ outgoingWorks: false, reversed: [], irreversible }))).toEqual([
      "warning back.irreversible",
    ]);
    expect(ids(backFindings({ outgoingWorks: true, reversed: [ran([], { error: "no" })] }))).toEqual([
      "warning back.fails",
    ]);
    expect(backFindings({ outgoingWorks: true, reversed: [ran([])] })).toEqual([]);
  });

  it("loses what a column or a table held that is made anew", () => {
    const state = (columns: Record<string, string>, rows = 2) => ({ rows, bytes: 1, columns });
    const before = {
      shop_flight: state({ gate: "1", code: "5" }),
      shop_note: state({ text: "3" }),
      shop_log: state({}, 0),
    };
    const after = { shop_flight: state({ code: "5" }) };
    const empty = { shop_flight: state({ gate: "empty", code: "5" }), shop_note: state({ text: "empty" }, 0) };
    const lost = lostFindings(before, after, empty, false);
    expect(lost.map(({ id, severity, subject }) => [id, severity, subject])).toEqual([
      ["back.loses-data", "warning", "shop_flight.gate"],
      ["back.loses-data", "warning", "shop_note"],
    ]);
    expect(ids(lostFindings(before, after, empty, true))).toEqual(["note back.loses-data", "note back.loses-data"]);
    expect(lostFindings(before, after, before, false)).toEqual([]);
  });
});
