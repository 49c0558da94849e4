import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Finding } from "../../../../rehearsal/finding.ts";
import { checkoutReader, connectionsOf } from "../../../../rehearsal/run/database/connection-users.ts";
import { removalFindings } from "../../../../rehearsal/run/database/data/removals.ts";
import { careFindings, rowFindings } from "../../../../rehearsal/run/database/data/tables.ts";
import { collationFindings } from "../../../../rehearsal/run/database/headroom/collations.ts";
import {
  type ConnectionFacts,
  type ConnectionUser,
  connectionFindings,
} from "../../../../rehearsal/run/database/headroom/connections.ts";
import { extensionFindings } from "../../../../rehearsal/run/database/headroom/extensions.ts";
import { keyFindings, type NumberedKey } from "../../../../rehearsal/run/database/headroom/keys.ts";
import { settingFindings } from "../../../../rehearsal/run/database/headroom/server-settings.ts";
import { parsePlaces, storageFindings } from "../../../../rehearsal/run/database/headroom/storage.ts";
import { ageFindings, holderFindings } from "../../../../rehearsal/run/database/headroom/transactions.ts";
import { lostIndexes, planFindings } from "../../../../rehearsal/run/database/queries/compare.ts";
import { parseQueries } from "../../../../rehearsal/run/database/queries/main-queries.ts";

const severities = (findings: readonly Finding[]) => findings.map(({ id, severity }) => `${severity} ${id}`);
const GIB = 1024 ** 3;
const NOW = Date.parse("2026-11-21T00:00:00Z");

describe("headroom of keys", () => {
  const key = (more: Partial<NumberedKey>): NumberedKey => ({
    name: "public.purchase.id",
    type: "integer",
    limit: 2 ** 31 - 1,
    start: 1,
    next: 1000,
    step: 1,
    cycles: false,
    untouched: false,
    top: 999,
    rows: 999,
    rowsPerDay: undefined,
    ...more,
  });

  it.each([
    ["an early key", {}, []],
    ["one at seven tenths", { next: 1_600_000_000 }, ["warning database.key-headroom"]],
    ["one at nine tenths", { next: 2_000_000_000 }, ["blocking database.key-headroom"]],
    [
      "one that is full in a month",
      { next: 1_000_000_000, rowsPerDay: 50_000_000 },
      ["blocking database.key-headroom"],
    ],
    [
      "one that counts down",
      { limit: -32_768, start: -1, step: -1, next: -32_000, top: -31_999 },
      ["blocking database.key-headroom"],
    ],
    [
      "a sequence that begins anew and numbers no rows",
      { name: "sequence public.ring", cycles: true, next: 999, limit: 1000, top: undefined },
      [],
    ],
    ["a sequence that begins anew and numbers rows", { cycles: true }, ["warning database.sequence-cycles"]],
    ["one that gives what is taken", { next: 500 }, ["blocking database.sequence-behind"]],
    [
      "rows that a migration brought",
      { next: 1, untouched: true, top: 3, rows: 3 },
      ["warning database.sequence-behind"],
    ],
    ["numbers that the application chooses, far apart", { next: undefined, top: 2_147_000_000, rows: 500 }, []],
  ])("judges %s", (_what, more, expected) => {
    expect(severities(keyFindings([key(more)]))).toEqual(expected);
  });

  it("takes the growth since an earlier rehearsal, where a day has passed", () => {
    const earlier = (takenAt: string) => ({ takenAt, values: { "public.purchase.id": 1_000_000_000 } });
    const [grown] = keyFindings([key({ next: 1_300_000_000 })], earlier("2026-11-11T00:00:00Z"), NOW);
    expect(grown?.cause).toContain("30,000,000 a day");
    expect(severities(grown === undefined ? [] : [grown])).toEqual(["blocking database.key-headroom"]);
    expect(keyFindings([key({ next: 1_300_000_000 })], earlier("2026-11-20T23:00:00Z"), NOW)).toEqual([]);
  });
});

describe("headroom of transaction numbers", () => {
  const age = (transactions: number, multixacts = 0) =>
    ageFindings([
      { database: "app", transactions, multixacts, freezeMaxAge: 200_000_000, multixactFreezeMaxAge: 400_000_000 },
    ]);

  it("lets a server be that freezes in time, and names one that does not", () => {
    expect(age(230_000_000)).toEqual([]);
    expect(severities(age(1_000_000_000))).toEqual(["warning database.wraparound"]);
    expect(severities(age(0, 1_700_000_000))).toEqual(["blocking database.wraparound"]);
  });

  it("names what was left open, prepared, or is read by nobody", () => {
    const none = { name: "x", state: "", seconds: 0, bytes: 0 };
    expect(
      severities(
        holderFindings([
          { ...none, kind: "session", seconds: 5 },
          { ...none, kind: "session", state: "idle in transaction", seconds: 900 },
          { ...none, kind: "prepared", seconds: 900 },
          { ...none, kind: "slot", state: "inactive", bytes: 10 },
          { ...none, kind: "slot", state: "inactive", bytes: 2e9 },
          { ...none, kind: "slot", state: "lost" },
        ]),
      ),
    ).toEqual([
      "warning database.open-transaction",
      "blocking database.prepared-transaction",
      "warning database.replication-slot",
      "blocking database.replication-slot",
      "blocking database.replication-slot",
    ]);
  });

  it("stop the release where nobody declares a slot: its reader will not come back", () => {
    const slot = { kind: "slot", name: "left", state: "inactive", seconds: 0, bytes: 10 } as const;
    expect(holderFindings([slot], true)).toMatchObject([{ id: "database.replication-slot", severity: "blocking" }]);
  });
});

describe("headroom of connections", () => {
  const facts = (more: Partial<ConnectionFacts>): ConnectionFacts => ({
    most: 100,
    reserved: 3,
    used: 10,
    databaseLimit: -1,
    roles: [{ role: "app", limit: -1, used: 8, busiest: 8 }],
    ...more,
  });
  const user = (tasks: number, perTask: number | undefined): ConnectionUser[] => [
    { service: "s", role: "app", tasks, perTask, main: true },
  ];

  it.each([
    ["enough for an update", facts({}), user(2, 8), []],
    ["enough, but not while an update doubles tasks", facts({}), user(8, 8), ["warning database.connection-headroom"]],
    ["threads that cannot all have one", facts({}), user(16, 8), ["blocking database.connection-headroom"]],
    ["a server that is full", facts({ used: 90 }), user(2, 8), ["blocking database.connection-headroom"]],
    ["a limit of the database", facts({ databaseLimit: 10 }), user(2, 8), ["blocking database.connection-headroom"]],
    [
      "a limit of the role",
      facts({ roles: [{ role: "app", limit: 9, used: 0, busiest: 0 }] }),
      user(2, 8),
      ["blocking database.connection-headroom"],
    ],
    [
      "a task that keeps what it opens",
      facts({ used: 40, roles: [{ role: "app", limit: -1, used: 40, busiest: 40 }] }),
      user(2, 8),
      ["blocking database.connections-leak"],
    ],
    [
      "a task of which nothing is known",
      facts({ used: 40, roles: [{ role: "app", limit: -1, used: 40, busiest: 40 }] }),
      user(2, undefined),
      [],
    ],
  ])("judges %s", (_what, given, users, expected) => {
    expect(severities(connectionFindings(given, users))).toEqual(expected);
  });

  it("counts the threads of an application server, from its words, variables and configuration", () => {
    const source = mkdtempSync(path.join(tmpdir(), "threads-"));
    onTestFinished(() => {
      rmSync(source, { recursive: true });
    });
    expect(connectionsOf(["gunicorn", "-w", "3", "--threads=4", "a.wsgi"], {}, checkoutReader(source))).toBe(12);
    writeFileSync(
      path.join(source, "gunicorn.conf.py"),
      'workers = int(os.environ.get("WEB_CONCURRENCY", "2"))\nthreads = 4\n',
    );
    expect(connectionsOf(["gunicorn", "a.wsgi"], {}, checkoutReader(source))).toBe(8);
    expect(connectionsOf(["gunicorn", "a.wsgi"], { WEB_CONCURRENCY: "5" }, checkoutReader(source))).toBe(20);
    expect(connectionsOf(["/usr/bin/gunicorn", "-k", "gevent", "a.wsgi"], {}, checkoutReader(source))).toBeUndefined();
    expect(connectionsOf(["uvicorn", "a.asgi"], {}, checkoutReader(source))).toBeUndefined();
  });
});

describe("headroom of storage", () => {
  const needs = { databaseBytes: 2 * GIB, largest: "public.flight", largestBytes: GIB, walBytes: GIB };
  const place = (free: number, total: number) => [
    { path: "/data", freeBytes: free, totalBytes: total, freeFiles: 0, totalFiles: 0 },
  ];

  it.each([
    ["much", 50 * GIB, 100 * GIB, []],
    ["a small share of a large disk", 30 * GIB, 1000 * GIB, []],
    ["less than twice the largest table and the log", 2.5 * GIB, 20 * GIB, ["warning database.storage-headroom"]],
    ["less than the largest table", 0.9 * GIB, 100 * GIB, ["blocking database.storage-headroom"]],
  ])("judges %s", (_what, free, total, expected) => {
    expect(severities(storageFindings(place(free, total), needs))).toEqual(expected);
  });

  it("tells the days that are left as it grows", () => {
    const earlier = { takenAt: "2026-11-11T00:00:00Z", databaseBytes: GIB };
    const [finding] = storageFindings(place(2.95 * GIB, 20 * GIB), needs, earlier, NOW);
    expect(finding?.cause).toContain("in 29 days");
  });

  it("reads bytes and files of each place once, and names one that takes no more files", () => {
    const places = parsePlaces([
      "bytes 1000000 900000 /data",
      "files 1000 10 /data",
      "bytes 1000000 900000 /data",
      "files 0 0 /wal",
    ]);
    expect(places).toEqual([
      { path: "/data", totalBytes: 1_024_000_000, freeBytes: 921_600_000, totalFiles: 1000, freeFiles: 10 },
    ]);
    const small = { databaseBytes: 1, largest: "", largestBytes: 1, walBytes: 0 };
    expect(storageFindings(places, small).map(({ cause }) => cause)).toEqual([
      "10 of 1000 files (inodes) can still be made",
    ]);
  });
});

describe("collations, extensions, settings, tables", () => {
  it("blocks on a collation of another version that indexes are sorted by, and lets one without a version be", () => {
    const one = { name: "collation public.de", recorded: "1", actual: "2", indexes: ["i"], own: true };
    expect(severities(collationFindings([one, { ...one, indexes: [] }, { ...one, recorded: null }]))).toEqual([
      "blocking database.collation-version",
      "warning database.collation-version",
    ]);
  });

  it("names extensions that are missing, whose files are missing, or older than the files", () => {
    const found = [
      { name: "old", installed: "1.0", available: "1.1" },
      { name: "gone", installed: "1.0", available: null },
      { name: "there", installed: "1.0", available: "1.0" },
      { name: "not-made", installed: null, available: "1.0" },
    ];
    const declared = [{ name: "there" }, { name: "not-made" }];
    expect(extensionFindings(declared, found).map(({ severity, subject }) => `${severity} ${subject}`)).toEqual([
      "blocking extension not-made",
      "note extension old",
      "blocking extension gone",
    ]);
  });

  it("names settings that risk data or starve queries, and no others", () => {
    const setting = (name: string, value: string) => ({ where: "role app", name, value });
    const settings = [
      setting("fsync", "off"),
      setting("statement_timeout", "30s"),
      setting("statement_timeout", "20ms"),
      setting("work_mem", "1"),
      setting("session_replication_role", "replica"),
    ];
    expect(settingFindings(settings).map(({ severity, cause }) => `${severity} ${cause}`)).toEqual([
      "blocking role app has fsync = off",
      "warning role app has statement_timeout = 20ms",
      "blocking role app has session_replication_role = replica",
    ]);
  });

  it("names tables full of dead rows, and lets small ones be", () => {
    const table = { name: "t", dead: 0, live: 1000, neglected: false, unknown: false };
    expect(
      severities(
        careFindings([
          { ...table, dead: 900 },
          { ...table, dead: 90_000, live: 100_000 },
          { ...table, unknown: true, live: 200_000 },
        ]),
      ),
    ).toEqual(["warning database.dead-rows", "note database.no-statistics"]);
  });
});

describe("rows that are gone", () => {
  it("stop the release where they say who may do what, and warn elsewhere", () => {
    const was = { "public.auth_user_groups": 3, "public.shop_order": 900, "public.shop_note": 900 };
    const now = new Map([
      ["public.auth_user_groups", 0],
      ["public.shop_order", 100],
      ["public.shop_note", 800],
    ]);
    const found = rowFindings(now, was, "the rehearsal before");
    expect(found.map(({ id, severity, subject }) => `${severity} ${id} ${subject}`)).toEqual([
      "blocking database.rights-lost public.auth_user_groups",
      "warning database.rows-lost public.shop_order",
    ]);
  });
});

describe("plans against the release before", () => {
  const queries = [{ name: "q", sql: "SELECT 1", own: false }];
  const planned = (reads: Record<string, "index" | "scan">, sorts = false) => ({
    plans: [{ name: "q", reads, sorts }],
    indexes: [],
  });
  const judge = (now: ReturnType<typeof planned>, was: ReturnType<typeof planned>, rows = 5000) =>
    severities(planFindings(now, was, queries, new Map([["s.a", rows]]), "release x"));

  it("names a table that is now read whole: blocking where it is large", () => {
    expect(judge(planned({ "s.a": "scan" }), planned({ "s.a": "index" }))).toEqual(["blocking database.plan"]);
    expect(judge(planned({ "s.a": "scan" }), planned({ "s.a": "index" }), 50)).toEqual(["warning database.plan"]);
    expect(judge(planned({ "s.a": "scan" }, true), planned({ "s.a": "scan" }))).toEqual(["blocking database.plan"]);
  });

  it("lets a join be that begins at its other end, and a sort of what an index found", () => {
    const [one, other] = [planned({ "s.a": "scan", "s.b": "index" }), planned({ "s.a": "index", "s.b": "scan" })];
    expect(judge(one, other)).toEqual([]);
    expect(judge(planned({ "s.a": "index" }, true), planned({ "s.a": "index" }))).toEqual([]);
  });

  it("takes no index for lost whose table is gone, or in whose place a wider one is", () => {
    const index = (table: string, definition: string) => ({ table, name: definition, definition });
    const was = [index("s.a", "btree (x)"), index("s.a", "btree (y)"), index("s.gone", "btree (z)")];
    const lost = lostIndexes([index("s.a", "UNIQUE btree (x, n)")], was, new Map([["s.a", 1]]));
    expect(lost.map(({ definition }) => definition)).toEqual(["btree (y)"]);
  });

  it("reads the queries of a file, and says what is wrong with them, all at once", () => {
    expect(parseQueries("-- name: one\nSELECT ';'\n  FROM a;\n\nWITH b AS (SELECT 1)\nSELECT 2;\n", "f")).toEqual([
      { name: "one", sql: "SELECT ';'\n  FROM a", own: true },
      { name: "WITH b AS (SELECT 1) SELECT 2", sql: "WITH b AS (SELECT 1)\nSELECT 2", own: true },
    ]);
    expect(() => parseQueries("DELETE FROM a;\n-- name: x\nSELECT 1;\n-- name: x\nSELECT 2;", "f")).toThrow(
      /file f:\n {2}"DELETE FROM a" must be a query.*\n {2}the name "x" must be given once/,
    );
    expect(() => parseQueries("", "f")).toThrow("at least one query");
  });
});

describe("what a worker removes", () => {
  const statement = 'DELETE FROM "shop_order" WHERE "shop_order"."day" < …';
  const before = { removals: {}, rows: { "public.shop_order": 1000 } };
  const found = (removals: Record<string, number>, left: number, was = before) =>
    removalFindings({ removals, rows: { "public.shop_order": left } }, was, "release a1");

  it("stops the release where its statement is new and the table has fewer rows", () => {
    expect(found({ [statement]: 300 }, 700)).toMatchObject([
      {
        ...{ id: "database.new-removals", severity: "blocking", subject: "public.shop_order" },
        cause: `the ETL worker has removed 300 rows from it, by a statement that was none of release a1: ${statement}; it has 700 rows, and had 1,000`,
      },
    ]);
    const quoted = 'DELETE FROM "sales"."order" WHERE true';
    expect(
      removalFindings(
        { removals: { [quoted]: 50 }, rows: { "sales.order": 0 } },
        { removals: {}, rows: { "sales.order": 50 } },
        "release a1",
      ),
    ).toMatchObject([{ subject: "sales.order" }]);
  });

  it("is its own matter where it did so before, puts others in their place, or removes few", () => {
    expect(found({ [statement]: 300 }, 700, { ...before, removals: { [statement]: 4 } })).toEqual([]);
    expect(found({ [statement]: 300 }, 1000)).toEqual([]);
    expect(found({ [statement]: 19 }, 981)).toEqual([]);
    expect(found({ [statement]: 300 }, 700, { removals: {}, rows: {} as typeof before.rows })).toEqual([]);
  });
});
