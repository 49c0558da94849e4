import { describe, expect, it } from "vitest";
import { waitFindings, withoutChance } from "../../../../rehearsal/migration/findings/waits.ts";
import type { Finding, StatementRun } from "../../../../rehearsal/migration/result.ts";
import type { TrafficFacts } from "../../../../rehearsal/migration/traffic.ts";
import { ids, ran, statement } from "./runs.ts";

describe("traffic", () => {
  const facts = (changes: Partial<TrafficFacts>, statements: StatementRun[]): TrafficFacts => ({
    run: {
      began: 0,
      outside: [],
      lostPermissions: [],
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
    const [finding] = waitFindings(facts({ operations: [slow] }, [statement({ seconds: 0.1 }), index]), 2, []);
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
    const [finding] = waitFindings(queue, 2, []);
    expect(finding).toMatchObject({ id: "migration.waits.queue", severity: "blocking", subject: "shop_flight" });
    expect(finding?.remedy).toContain("lockTimeoutSeconds");
  });

  it("that waits for a statement which waited for the smaller part of the time names the statement", () => {
    const wait = { from: 0.3, until: 1.8, table: "shop_flight", mode: "AccessExclusiveLock", blockers: ["report"] };
    const scan = facts({ operations: [slow], longTransactions: [{ from: 0, until: 1.8 }], migratorWaits: [wait] }, [
      index,
    ]);
    expect(waitFindings(scan, 2, [])[0]?.id).toBe("migration.waits");
  });

  it("that waits while no statement runs names the lock that is kept, and the statement that took it", () => {
    const alter = statement({
      sql: 'ALTER TABLE "shop_flight" ADD COLUMN "a" int',
      start: 0.3,
      seconds: 0.01,
      locks: [{ table: "shop_flight", mode: "ShareLock" }],
    });
    const [finding] = waitFindings(facts({ operations: [{ ...slow, seconds: 0.7 }] }, [alter]), 0.5, []);
    expect(finding).toMatchObject({ migration: "shop.0002_change", subject: "shop_flight" });
    expect(finding?.cause).toContain("ShareLock on shop_flight for 5.0 s after ALTER TABLE");
    expect(finding?.evidence).toContain(alter.sql);
  });

  it("that waits for a lock which an earlier statement took names both", () => {
    const alter = statement({ sql: "ALTER TABLE shop_flight", locks: [{ table: "shop_flight", mode: "ShareLock" }] });
    const update = statement({ sql: "UPDATE shop_flight SET a = 1", start: 0.1, seconds: 4.9 });
    const run = facts({ operations: [slow] }, [alter, update]).run.migrations.map((each) => ({ ...each, seconds: 5 }));
    const base = facts({ operations: [slow] }, [alter, update]);
    const [finding] = waitFindings({ ...base, run: { ...base.run, migrations: run } }, 2, []);
    expect(finding?.cause).toContain(
      "UPDATE shop_flight SET a = 1 runs while ShareLock on shop_flight, taken by ALTER TABLE",
    );
    expect(finding?.remedy).toContain("in batches");
  });

  it("is measured against what an operation takes anyway", () => {
    expect(waitFindings(facts({ operations: [{ ...slow, usual: 3 }] }, [index]), 2, [])).toEqual([]);
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
    expect(ids(waitFindings(facts({ operations: failing }, [index]), 2, []))).toEqual(["blocking migration.disturbs"]);
    expect(
      waitFindings(facts({ operations: failing }, [index]), 2, [
        { operation: "UPDATE shop.Flight", before: null, after: "Error: another" },
      ]),
    ).toEqual([]);
  });
});

describe("a wait that is found", () => {
  const found = (id: string): Finding => ({
    id,
    severity: "blocking",
    subject: "",
    cause: "",
    consequence: "",
    remedy: "",
  });
  const measured = (longest: number, ...findings: string[]) => ({ longest, findings: findings.map(found) });

  /** What comes of measurements, and how many were taken. */
  async function judged(...measurements: ReturnType<typeof measured>[]) {
    const left = [...measurements];
    let prepared = 0;
    const { seen, chance } = await withoutChance(
      () => {
        const next = left.shift();
        return next === undefined ? Promise.reject(new Error("measured too often")) : Promise.resolve(next);
      },
      () => {
        prepared++;
      },
    );
    expect(prepared).toBe(measurements.length - 1);
    expect(left).toEqual([]);
    return { longest: seen.longest, ids: seen.findings.map(({ id }) => id), chance };
  }

  it("is measured once more, and was chance where it does not come again", async () => {
    expect(await judged(measured(2.7, "migration.waits"), measured(0.3))).toEqual({
      longest: 0.3,
      ids: [],
      chance: 2.7,
    });
  });

  it("stops the release where it comes again, shorter or longer", async () => {
    const seen = { ids: ["migration.waits"], chance: undefined };
    expect(await judged(measured(4, "migration.waits"), measured(3, "migration.waits"))).toEqual({
      ...seen,
      longest: 3,
    });
    expect(await judged(measured(3, "migration.waits"), measured(4, "migration.waits"))).toEqual({
      ...seen,
      longest: 3,
    });
  });

  it("is not measured again beside what a busy machine does not do", async () => {
    expect(await judged(measured(4, "migration.waits.queue", "migration.disturbs"))).toMatchObject({ longest: 4 });
    expect(await judged(measured(0.3))).toMatchObject({ ids: [], chance: undefined });
  });
});
