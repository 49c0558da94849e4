import { describe, expect, it } from "vitest";
import { abortFindings } from "../../../../rehearsal/migration/findings/aborts.ts";
import { backFindings } from "../../../../rehearsal/migration/findings/back.ts";
import { dataFindings, soundnessFindings } from "../../../../rehearsal/migration/findings/data.ts";
import { killFindings } from "../../../../rehearsal/migration/findings/kills.ts";
import { compareRounds, oldCodeFindings } from "../../../../rehearsal/migration/findings/old-code.ts";
import { planFindings } from "../../../../rehearsal/migration/findings/plan.ts";
import { schemaDifferences, schemaFindings } from "../../../../rehearsal/migration/findings/schema.ts";
import { waitFindings } from "../../../../rehearsal/migration/findings/waits.ts";
import type { Finding, MigrationRun, PlannedMigration, StatementRun } from "../../../../rehearsal/migration/result.ts";
import type { TrafficFacts } from "../../../../rehearsal/migration/traffic.ts";

function statement(changes: Partial<StatementRun> = {}): StatementRun {
  return {
    sql: "",
    start: 0,
    seconds: 0.1,
    rows: null,
    rewritten: [],
    sizeBytes: 0,
    walBytes: 0,
    locks: [],
    ...changes,
  };
}

function ran(statements: StatementRun[], changes: Partial<MigrationRun> = {}): MigrationRun {
  const migration = "shop.0002_change";
  return { migration, atomic: true, start: 0, seconds: 1, statements, locks: [], sizeBytes: 0, retries: 0, ...changes };
}

function planned(sql: string[]): PlannedMigration {
  return { migration: "shop.0002_change", operations: [], sql, atomic: true, reversible: true, tables: [] };
}

function ids(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, id }) => `${severity} ${id}`);
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
    ["OperationalError: canceling statement due to lock timeout", "migration.aborts.lock"],
    ["OperationalError: canceling statement due to statement timeout", "migration.aborts.time"],
    ['OperationalError: could not extend file "base/1/2": No space left on device', "migration.aborts.space"],
    ["ProgrammingError: must be owner of table shop_flight", "migration.aborts.rights"],
    ['ProgrammingError: relation "x" already exists', "migration.aborts.exists"],
    ['ProgrammingError: column "y" does not exist', "migration.aborts.absent"],
    ["ZeroDivisionError: division by zero", "migration.aborts"],
  ])("is told by its cause: %s", (error, id) => {
    const [finding] = abortFindings([ran([statement({ sql: "ALTER", error })], { error })], [], false);
    expect(finding).toMatchObject({ id, severity: "blocking", migration: "shop.0002_change" });
    expect(finding?.cause).toContain(error.split("\n")[0]);
    expect(finding?.evidence).toContain("ALTER");
  });

  it("says that what has been done stays where the migration is not atomic", () => {
    const [finding] = abortFindings([ran([], { atomic: false, error: "Error: no" })], [], false);
    expect(finding?.consequence).toContain("half-way");
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

  it("is not blamed for an operation that one round alone knows", () => {
    expect(compareRounds([operation("GET /a", null)], [operation("GET /b", "Error")])).toEqual([]);
  });
});

describe("traffic", () => {
  const facts = (changes: Partial<TrafficFacts>, statements: StatementRun[]): TrafficFacts => ({
    run: {
      began: 0,
      ok: true,
      said: [],
      migrations: [ran(statements, { locks: [{ table: "shop_flight", mode: "ShareLock", from: 0, until: 5 }] })],
    },
    operations: [],
    longTransactions: [],
    migratorWaits: [],
    ...changes,
  });
  const slow = { operation: "UPDATE shop.Flight", start: 0.2, seconds: 4.4, usual: 0.01 };
  const index = statement({
    sql: 'CREATE INDEX "x" ON "shop_flight" ("gate")',
    seconds: 4.8,
    locks: [{ table: "shop_flight", mode: "ShareLock" }],
  });

  it("that waits longer than allowed names the statement, its lock and the remedy", () => {
    const [finding] = waitFindings(facts({ operations: [slow] }, [statement({ seconds: 0.1 }), index]), 2, new Set());
    expect(finding).toMatchObject({ id: "migration.waits", severity: "blocking", subject: "shop_flight" });
    expect(finding?.cause).toContain("ShareLock on shop_flight");
    expect(finding?.remedy).toContain("AddIndexConcurrently");
  });

  it("that waits behind a migration which waits itself names the queue", () => {
    const queue = facts(
      {
        operations: [slow],
        longTransactions: [{ from: 0, until: 2.6 }],
        migratorWaits: [
          { from: 0.3, until: 4.5, table: "shop_flight", mode: "AccessExclusiveLock", blockers: ["report"] },
        ],
      },
      [statement({ sql: 'ALTER TABLE "shop_flight" ADD COLUMN "a" int', seconds: 4.5 })],
    );
    const [finding] = waitFindings(queue, 2, new Set());
    expect(finding).toMatchObject({ id: "migration.waits.queue", severity: "blocking", subject: "shop_flight" });
    expect(finding?.remedy).toContain("lockTimeoutSeconds");
  });

  it("is measured against what an operation takes anyway", () => {
    expect(waitFindings(facts({ operations: [{ ...slow, usual: 3 }] }, [index]), 2, new Set())).toEqual([]);
  });

  it("that fails only while the migration runs is found", () => {
    const failing = [
      {
        operation: "UPDATE shop.Flight",
        start: 0,
        seconds: 0.1,
        usual: 0,
        error: "OperationalError: deadlock detected",
      },
      { operation: "UPDATE shop.Flight", start: 1, seconds: 0.1, usual: 0 },
    ];
    expect(ids(waitFindings(facts({ operations: failing }, [index]), 2, new Set()))).toEqual([
      "blocking migration.disturbs",
    ]);
    expect(waitFindings(facts({ operations: failing }, [index]), 2, new Set(["UPDATE shop.Flight"]))).toEqual([]);
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
    const [finding] = dataFindings({ shop_note: table(5, {}) }, { shop_note: table(3, {}) }, [], update);
    expect(finding).toMatchObject({ id: "data.rows-changed", severity: "blocking", subject: "shop_note" });
  });

  it("that a migration removes on purpose is said", () => {
    const remove = [ran([statement({ sql: 'DELETE FROM "shop_note"' })])];
    expect(ids(dataFindings({ shop_note: table(5, {}) }, { shop_note: table(0, {}) }, [], remove))).toEqual([
      "warning data.rows-removed",
    ]);
  });

  it("that no longer holds together is found, unless it did not before", () => {
    const sound = { invalidIndexes: [], notValidated: [], behind: [] };
    const behind = [{ sequence: "s", column: "t.id", next: "5", highest: "9" }];
    const broken = { invalidIndexes: ["i"], notValidated: ["c on t"], behind };
    expect(ids(soundnessFindings(sound, broken))).toEqual([
      "blocking data.index-invalid",
      "note data.constraint-not-validated",
      "blocking data.sequence-behind",
    ]);
    expect(ids(soundnessFindings(broken, broken))).toEqual(["warning data.sequence-behind"]);
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
    expect(ids(schemaFindings(differences, differences))).toEqual(["warning schema.drift"]);
    expect(ids(schemaFindings(differences, differences.slice(0, 1)))).toEqual([
      "blocking schema.differs",
      "warning schema.drift",
    ]);
  });
});

describe("a kill", () => {
  const kill = { migration: "shop.0002_change", afterStatement: 1, statements: 3 };

  it("that leaves the database before or after is no finding", () => {
    expect(
      killFindings({
        kills: [
          { ...kill, found: "before" },
          { ...kill, found: "after" },
        ],
      }),
    ).toEqual([]);
  });

  it("that leaves it between is told with the way on", () => {
    expect(ids(killFindings({ kills: [{ ...kill, found: "between", resumed: { ok: true } }] }))).toEqual([
      "note migration.not-atomic",
    ]);
    const [stuck] = killFindings({
      kills: [{ ...kill, found: "between", resumed: { ok: false, error: "already exists" } }],
    });
    expect(stuck).toMatchObject({ id: "migration.not-atomic.stuck", severity: "warning" });
    expect(stuck?.consequence).toContain("already exists");
  });

  it("that was not tried to the end is said", () => {
    expect(ids(killFindings({ kills: [], incomplete: "out of time" }))).toEqual(["note rehearsal.kill-incomplete"]);
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
});
