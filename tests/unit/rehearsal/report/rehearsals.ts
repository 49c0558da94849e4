import type {
  Finding,
  HeldLock,
  MigrationRehearsal,
  MigrationRun,
  StatementRun,
} from "../../../../rehearsal/migration/result.ts";

/** A rehearsal in which nothing is pending and nothing was found. */
export const EMPTY: MigrationRehearsal = {
  version: 1,
  key: "0f3a9c41b7de",
  environment: "production",
  form: "fast",
  outgoing: "reference/application:0823e298004d",
  incoming: "reference/application:5b1f20c97aa3",
  snapshot: {
    id: "3fa9c2d4e811",
    source: "production",
    takenAt: "2026-11-20T02:15:00.000Z",
    rows: 1_004_211,
    bytes: 312_400_000,
  },
  startedAt: "2026-11-21T09:30:00.000Z",
  seconds: 1.2,
  verdict: "pass",
  steps: [{ id: "plan", title: "Plan", status: "passed", seconds: 0.9, detail: "no migration is pending" }],
  findings: [],
  plan: [],
  run: [],
  sizes: [],
  oldCode: [],
  traffic: null,
  peakBytes: 0,
  kills: [],
  back: null,
};

function statement(sql: string, start: number, seconds: number, more: Partial<StatementRun> = {}): StatementRun {
  return { sql, start, seconds, rows: null, rewritten: [], sizeBytes: 0, walBytes: 0, locks: [], ...more };
}

function lock(table: string, mode: string, from: number, until: number): HeldLock {
  return { table, mode, from, until };
}

function run(
  migration: string,
  start: number,
  seconds: number,
  statements: readonly StatementRun[],
  more: Partial<MigrationRun> = {},
): MigrationRun {
  return { migration, atomic: true, start, seconds, statements, locks: [], retries: 0, ...more };
}

export function finding(more: Partial<Finding> = {}): Finding {
  return {
    id: "migration.aborts",
    severity: "blocking",
    subject: "flights_remark.airport_id",
    cause: "the column holds 212 nulls",
    consequence: "the migration aborts in production",
    remedy: "fill the column in a migration before",
    ...more,
  };
}

const ADD = 'ALTER TABLE "flights_airport" ADD COLUMN "region" varchar(40) DEFAULT \'\' NOT NULL;';
const FILL = 'UPDATE "flights_flight" SET "delay_minutes" = 0 WHERE "delay_minutes" IS NULL AND "id" <= 500000;';
const TYPE = 'ALTER TABLE "flights_flight" ALTER COLUMN "distance_miles" TYPE bigint USING "distance_miles"::bigint;';
const INDEX = 'CREATE INDEX CONCURRENTLY "flight_origin_departs" ON "flights_flight" ("origin_id", "departs_at" DESC);';

function measured(scale: number): MigrationRun[] {
  return [
    run(
      "flights.0008_airport_region",
      0.05,
      0.12 * scale,
      [
        statement(ADD, 0.06, 0.02 * scale, {
          walBytes: 12_400,
          sizeBytes: 8192,
          locks: [{ table: "flights_airport", mode: "AccessExclusiveLock" }],
        }),
      ],
      { locks: [lock("flights_airport", "AccessExclusiveLock", 0.06, 0.05 + 0.12 * scale)] },
    ),
    run(
      "flights.0009_distance_as_bigint_and_delays_filled",
      0.3,
      5.1 * scale,
      [
        statement(FILL, 0.32, 1.9 * scale, {
          rows: 212_040,
          walBytes: 48_000_000,
          sizeBytes: 21_000_000,
          locks: [
            { table: "flights_flight", mode: "RowExclusiveLock" },
            { table: "flights_airport", mode: "RowShareLock" },
          ],
        }),
        statement(TYPE, 0.32 + 1.95 * scale, 3 * scale, {
          rewritten: [{ table: "flights_flight", rows: 1_000_000, bytes: 118_000_000 }],
          walBytes: 161_000_000,
          sizeBytes: 4_100_000,
          locks: [{ table: "flights_flight", mode: "AccessExclusiveLock" }],
        }),
      ],
      {
        locks: [
          lock("flights_flight", "RowExclusiveLock", 0.33, 0.3 + 5.1 * scale),
          lock("flights_airport", "RowShareLock", 0.33, 0.3 + 5.1 * scale),
          lock("flights_flight", "AccessExclusiveLock", 0.32 + 1.95 * scale, 0.3 + 5.1 * scale),
        ],
      },
    ),
    run(
      "flights.0010_index_by_origin",
      0.5 + 5.1 * scale,
      1.4 * scale,
      [
        statement(INDEX, 0.52 + 5.1 * scale, 1.35 * scale, {
          walBytes: 39_000_000,
          sizeBytes: 31_200_000,
          locks: [{ table: "flights_flight", mode: "ShareUpdateExclusiveLock" }],
        }),
      ],
      {
        atomic: false,
        retries: 1,
        locks: [lock("flights_flight", "ShareUpdateExclusiveLock", 0.52 + 5.1 * scale, 0.5 + 6.5 * scale)],
      },
    ),
  ];
}

const PLAN: MigrationRehearsal["plan"] = [
  {
    migration: "flights.0008_airport_region",
    operations: ["Add field region to airport"],
    sql: [ADD],
    atomic: true,
    reversible: true,
    tables: ["flights_airport"],
  },
  {
    migration: "flights.0009_distance_as_bigint_and_delays_filled",
    operations: ["Run Python: fill_delays", "Alter field distance_miles on flight"],
    sql: [TYPE],
    atomic: true,
    reversible: false,
    tables: ["flights_flight"],
  },
  {
    migration: "flights.0010_index_by_origin",
    operations: ["Create index concurrently flight_origin_departs on flight"],
    sql: [INDEX],
    atomic: false,
    reversible: true,
    tables: ["flights_flight"],
  },
];

/** A full rehearsal in which all went well. */
export const CLEAN: MigrationRehearsal = {
  ...EMPTY,
  key: "a1b2c3d4e5f6",
  form: "full",
  seconds: 24.7,
  steps: [
    { id: "clone", title: "Copies of the snapshot", status: "passed", seconds: 0.8, detail: "2 copies started" },
    { id: "plan", title: "Plan", status: "passed", seconds: 1.1, detail: "3 migrations, 4 statements" },
    { id: "run", title: "Run of the migrations", status: "passed", seconds: 6.7, detail: "6.6 s, 269 MB of log" },
    {
      id: "old-code",
      title: "Old release on the new schema",
      status: "passed",
      seconds: 3.2,
      detail: "41 of 41 passed",
    },
    { id: "data", title: "Data", status: "passed", seconds: 2.4, detail: "17 tables as before" },
    { id: "schema", title: "Schema", status: "passed", seconds: 3.9, detail: "equal to a fresh build and the models" },
    {
      id: "traffic",
      title: "Traffic beside the migrations",
      status: "passed",
      seconds: 8.1,
      detail: "2,114 operations",
    },
    { id: "kill", title: "Killed on the way", status: "passed", seconds: 6.3, detail: "4 kills, none between" },
    { id: "back", title: "Way back", status: "passed", seconds: 2.2, detail: "3 migrations taken back" },
  ],
  plan: PLAN.map((planned) => ({ ...planned, reversible: true })),
  run: measured(0.25),
  sizes: [
    {
      table: "flights_flight",
      rowsBefore: 1_000_000,
      rowsAfter: 1_000_000,
      bytesBefore: 187_000_000,
      bytesAfter: 240_000_000,
    },
    { table: "flights_airport", rowsBefore: 305, rowsAfter: 305, bytesBefore: 98_304, bytesAfter: 106_496 },
    { table: "flights_gate", rowsBefore: null, rowsAfter: 0, bytesBefore: null, bytesAfter: 16_384 },
    { table: "etl_run", rowsBefore: 3_906, rowsAfter: 3_906, bytesBefore: 950_272, bytesAfter: 950_272 },
  ],
  oldCode: [
    { operation: "GET /", before: null, after: null },
    { operation: "INSERT flights.Flight", before: null, after: null },
  ],
  traffic: {
    limit: 2,
    operations: 2_114,
    longest: 0.84,
    waits: [
      { operation: "GET /flights/", start: 0.95, seconds: 0.86, usual: 0.02 },
      { operation: "UPDATE flights.Flight", start: 1.1, seconds: 0.6, usual: 0.01 },
      { operation: "GET /airports/SEA/", start: 0.06, seconds: 0.05, usual: 0.03 },
    ],
    run: measured(0.25),
    longTransactions: [],
  },
  kills: PLAN.map(({ migration }) => ({ migration, afterStatement: 1, statements: 1, found: "before" })),
  back: { outgoingWorks: true, reversed: measured(0.2).toReversed() },
};

/** A full rehearsal that stops the release: waits over the limit, a kill between, code that breaks. */
export const FAILING: MigrationRehearsal = {
  ...CLEAN,
  key: "9c41b7de0f3a",
  verdict: "fail",
  seconds: 28.9,
  steps: CLEAN.steps.map((step) => {
    if (step.id === "traffic") return { ...step, status: "failed", detail: "the longest wait is 4.9 s, the limit 2 s" };
    if (step.id === "old-code") return { ...step, status: "failed", detail: "2 of 41 fail after the migrations" };
    if (step.id === "kill") return { ...step, status: "failed", detail: "4 kills, 1 between" };
    if (step.id === "back") return { ...step, status: "skipped", detail: "the old release does not work afterwards" };
    return step;
  }),
  findings: [
    finding({
      id: "lint.index-without-concurrently",
      severity: "note",
      migration: "flights.0010_index_by_origin",
      subject: "flight_origin_departs",
      cause: "the index is built without a lock on writes",
      consequence: "it takes two passes over the table",
      remedy: "nothing to do",
    }),
    finding({
      id: "traffic.waits",
      migration: "flights.0009_distance_as_bigint_and_delays_filled",
      subject: "flights_flight",
      cause:
        "ALTER TABLE … TYPE bigint rewrites 1,000,000 rows while it holds an access exclusive lock for 3.2 s; GET /flights/ waited 4.9 s behind it.",
      consequence: "Every page that reads flights stands still for 4.9 s; the limit is 2 s.",
      remedy:
        "Add a bigint column, fill it in batches, and swap the two in a later release; or set a lock_timeout and retry at a quiet hour.",
      evidence: [TYPE, "process 211 still waiting for AccessShareLock on relation 16402 after 1000.074 ms"],
    }),
    finding({
      id: "old-code.breaks",
      subject: "INSERT flights.Airport",
      cause: 'null value in column "region" of relation "flights_airport" violates not-null constraint',
      consequence: "While the release is rolled out, the old tasks cannot write airports.",
      remedy: "Give the column a default of the database (db_default), and take it away in a later release.",
      evidence: ['IntegrityError: null value in column "region" | flights/admin.py:41'],
    }),
    finding({
      id: "kill.between",
      severity: "warning",
      migration: "flights.0010_index_by_origin",
      subject: "statement 1 of 1",
      cause:
        "the migration is not atomic; killed after its first statement it leaves an index that Django does not know of",
      consequence: "the next run of the migration stops at an index that exists",
      remedy: 'DROP INDEX CONCURRENTLY "flight_origin_departs"; then run pulumi up again.',
    }),
  ],
  plan: PLAN,
  run: measured(0.9),
  oldCode: [
    ...CLEAN.oldCode,
    {
      operation: "INSERT flights.Airport",
      before: null,
      after: 'IntegrityError: null value in column "region" | flights/admin.py:41',
    },
    {
      operation: "GET /reports/",
      before: "KeyError: 'year' | reports/views.py:12",
      after: "KeyError: 'year' | reports/views.py:12",
    },
  ],
  traffic: {
    limit: 2,
    operations: 3_120,
    longest: 4.9,
    waits: [
      ...Array.from({ length: 14 }, (_, index) => ({
        operation: index % 3 === 0 ? "UPDATE flights.Flight" : "GET /flights/",
        start: 2.2 + index * 0.31,
        seconds: 4.92 - index * 0.31,
        usual: 0.02,
      })),
      { operation: "statement 3 of pg_stat_statements", start: 0.4, seconds: 0.3, usual: 0.1 },
      {
        operation: "INSERT flights.Airport",
        start: 6.1,
        seconds: 0.9,
        usual: 0.01,
        error: "IntegrityError: null value in column",
      },
    ],
    run: measured(1),
    longTransactions: [{ from: 0.1, until: 2.1 }],
  },
  kills: [
    ...[1, 2].map((afterStatement) => ({
      migration: "flights.0009_distance_as_bigint_and_delays_filled",
      afterStatement,
      statements: 2,
      found: "before" as const,
    })),
    {
      migration: "flights.0010_index_by_origin",
      afterStatement: 1,
      statements: 1,
      found: "between",
      resumed: { ok: false, error: 'relation "flight_origin_departs" already exists' },
    },
  ],
  back: { outgoingWorks: false, reversed: [], irreversible: "flights.0009_distance_as_bigint_and_delays_filled" },
};

/** A first release whose second migration aborts; no traffic, nothing to go back to. */
export const ABORTED: MigrationRehearsal = {
  ...EMPTY,
  verdict: "fail",
  outgoing: null,
  findings: [finding({ migration: "flights.0009_not_null" })],
  plan: PLAN.slice(0, 2),
  run: [
    run("flights.0008_airport_region", 0, 0.1, [statement(ADD, 0.01, 0.05)]),
    run(
      "flights.0009_not_null",
      0.2,
      0.1,
      [statement("ALTER TABLE t ALTER c SET NOT NULL", 0.2, 0.1, { error: 'column "c" contains null values' })],
      { error: 'IntegrityError: column "c" of relation "t" contains null values' },
    ),
  ],
  steps: [{ id: "run", title: "Run", status: "failed", seconds: 0.3, detail: "flights.0009_not_null aborts" }],
};

/** 300 statements in 60 migrations, and locks on 40 tables with long names. */
export const LARGE: MigrationRehearsal = {
  ...CLEAN,
  plan: [],
  run: Array.from({ length: 60 }, (_, migration) =>
    run(
      `warehouse_inventory_management.${String(migration).padStart(4, "0")}_a_migration_with_a_name_that_says_it_all`,
      migration,
      0.9,
      Array.from({ length: 5 }, (_, index) =>
        statement(
          `ALTER TABLE "warehouse_table_${migration % 40}" ADD COLUMN "c${index}" integer NULL;`,
          migration + index * 0.15,
          0.14,
        ),
      ),
      {
        locks: [
          lock(
            `warehouse_inventory_management_a_table_with_a_long_name_${migration % 40}`,
            ["AccessExclusiveLock", "ShareLock", "RowExclusiveLock"][migration % 3] ?? "",
            migration,
            migration + 0.9,
          ),
        ],
      },
    ),
  ),
  traffic: null,
};

/** Texts that would be markup, or orders to a terminal, if nobody took care. */
export const HOSTILE: MigrationRehearsal = {
  ...FAILING,
  environment: `<b>"production"</b>`,
  findings: [
    finding({
      subject: "<script>alert(1)</script>",
      cause: `<img src=x onerror="alert(2)">`,
      remedy: "\u001b[2J\u0007 a & b < c",
      evidence: ["</code></pre><script>alert(3)</script>"],
    }),
  ],
  run: [
    run(
      "a.<i>0001</i>",
      0,
      1,
      [statement("SELECT '</script><script>alert(4)</script>' WHERE 1 < 2 AND \"x\" = ''", 0, 1)],
      {
        locks: [lock('"><script>alert(5)</script>', "AccessExclusiveLock", 0, 1)],
      },
    ),
  ],
  traffic: null,
};
