import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CreatedSnapshot } from "../../../rehearsal/snapshot/create.ts";
import type { MaskingRules } from "../../../rehearsal/snapshot/masking/kinds.ts";
import { findSnapshot } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { docker, SnapshotBench } from "./support.ts";

const CANARY = "Kanarienvogel7431";
const RULES: MaskingRules = {
  "person.*": "hash",
  "person.born": "shift",
  "person.seen": "shift",
  "person.note": "null",
  "person.fake_city": "fake:city",
  "letter.*": "hash",
  "extremes.bytes": "keep",
  "extremes.address": "keep",
};
/** The elements of a list rather than its form: a text "NULL" is quoted in it, and its mask is not. */
const TAGS = "array_to_string(tags, '/', '-')";
const TEXTS = ["login", "email", "name", "short", "padded", "details", "raw_details", TAGS, "token"];

describe("a snapshot of a database with everything that makes migrations fail", () => {
  let bench: SnapshotBench;
  let created: CreatedSnapshot;
  let clone: Awaited<ReturnType<SnapshotBench["clone"]>>;
  const source = async (sql: string) => await bench.server.query(sql, "planted");

  beforeAll(async () => {
    bench = await SnapshotBench.open();
    await bench.database("planted", readFileSync(path.join(import.meta.dirname, "planted.sql"), "utf8"));
    await bench.server.queryAs("report", "report", "SELECT count(*) FROM person WHERE name = 'anybody'", "planted");
    created = await bench.create("planted", RULES);
    clone = await bench.clone(created.snapshot.image);
  });

  afterAll(async () => {
    await bench.remove();
  });

  it("passes its restore drill: schema and sequences equal the source's, every table takes a write", () => {
    expect(created.drill?.differences).toEqual([]);
    expect(created.drill?.passed).toBe(true);
    const writes = Object.fromEntries(created.drill?.tables.map(({ table, write }) => [table, write]) ?? []);
    expect(writes["public.person"]).toBe("a row deleted and inserted again");
    expect(writes["public.empty"]).toMatch(/answered by its constraints: null value in column "needed"/);
    expect(writes["public.lax"]).toMatch(/answered by its constraints: .*"positive"/);
    expect(Object.values(writes).every((write) => write !== "")).toBe(true);
    const report = JSON.parse(
      readFileSync(path.join(bench.reports, `snapshot-${created.snapshot.id}.json`), "utf8"),
    ) as Record<string, unknown>;
    expect(report["drill"]).toMatchObject({ passed: true });
  });

  it("describes itself in its labels", async () => {
    const found = await findSnapshot(docker, bench.project, created.snapshot.id.slice(0, 6));
    expect(found).toEqual(created.snapshot);
    expect(found).toMatchObject({
      source: "planted",
      extensions: ["citext", "pg_stat_statements", "pg_trgm"],
      migrations: ["people.0001_initial", "people.0002_more"],
    });
    expect(found.rows).toMatchObject({ "public.person": 507, "public.measured_2023": 213, "public.child": 1 });
    expect(found.rows["public.measured"]).toBeUndefined();
  });

  it.each(TEXTS)("keeps nulls, lengths, white space, duplicates and distinct values of %s", async (column) => {
    const facts = `SELECT count(*), count(${column}) AS present, count(DISTINCT ${column}::text) AS distinct_values,
      count(DISTINCT lower(${column}::text)) AS in_lower_case, sum(length(${column}::text)) AS characters,
      sum(octet_length(${column}::text)) AS bytes, max(octet_length(${column}::text)) AS longest,
      count(*) FILTER (WHERE ${column}::text = '') AS empty,
      sum(length(regexp_replace(${column}::text, '\\S', '', 'g'))) AS white_space FROM person`;
    expect(await clone(facts)).toEqual(await source(facts));
    const values = (rows: Record<string, unknown>[]) => new Map(rows.map((row) => [row["id"], row["value"]]));
    const query = `SELECT id, ${column}::text AS value FROM person WHERE length(${column}::text) > 12`;
    const [before, after] = [values(await source(query)), values(await clone(query))];
    const same = [...before].filter(([id, value]) => after.get(id) === value);
    expect(same).toEqual([]);
  });

  it("keeps joins: what was equal in two tables still is", async () => {
    const joined = `SELECT count(*) FROM letter l JOIN person s ON s.login = l.sender
      JOIN person r ON r.email = l.recipient WHERE l.subject = s.name`;
    const [found] = await clone(joined);
    expect(found).toEqual((await source(joined))[0]);
    expect(Number(found?.["count"])).toBeGreaterThan(100);
  });

  it("keeps values that are not masked as they are, extremes included", async () => {
    for (const table of [
      "extremes",
      '"Other Schema"."Odd ""Name"',
      "measured",
      "ONLY parent",
      "child",
      "quick",
      "lax",
    ]) {
      const query = `SELECT t::text FROM ${table} t ORDER BY 1`;
      expect(await clone(query), table).toEqual(await source(query));
    }
  });

  it("moves dates by one number of days and leaves those that stand for something", async () => {
    const moved = await clone("SELECT id, born::text, seen::text FROM person WHERE born IS NOT NULL ORDER BY id");
    const before = await source("SELECT id, born::text, seen::text FROM person WHERE born IS NOT NULL ORDER BY id");
    expect(moved[1]).toEqual(before[1]);
    expect(moved[2]).toEqual(before[2]);
    const days = (rows: typeof moved, column: string) =>
      Math.round(Date.parse(String(rows[0]?.[column]).slice(0, 10)) / 86_400_000);
    expect(days(moved, "born") - days(before, "born")).toBe(days(moved, "seen") - days(before, "seen"));
    expect(days(moved, "born")).not.toBe(days(before, "born"));
  });

  it("fills materialized views that were filled, in the order in which they read each other", async () => {
    expect(await clone("SELECT n FROM b_names")).toEqual([{ n: "508" }]);
    expect(await clone("SELECT matviewname FROM pg_matviews WHERE NOT ispopulated")).toEqual([
      { matviewname: "a_summary" },
    ]);
  });

  it("holds no role but the owner, who cannot log in, and owns everything", async () => {
    expect(
      await clone("SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1"),
    ).toEqual([
      { rolname: "postgres", rolcanlogin: true, rolsuper: true },
      { rolname: "snapshot_owner", rolcanlogin: false, rolsuper: false },
    ]);
    expect(
      await clone(`SELECT DISTINCT c.relowner::regrole::text AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'Other Schema')`),
    ).toEqual([{ owner: "snapshot_owner" }]);
    expect(
      await clone(
        "SELECT count(*)::int AS granted FROM pg_class WHERE relacl IS NOT NULL AND relnamespace = 'public'::regnamespace AND relname = 'person'",
      ),
    ).toEqual([{ granted: 0 }]);
  });

  it("brings the statements that the source's server had counted, without their constants", async () => {
    const statements = await clone(
      "SELECT query, calls, role FROM statements WHERE query LIKE '%FROM person WHERE name%'",
      "statistics",
    );
    expect(statements).toEqual([{ query: "SELECT count(*) FROM person WHERE name = $1", calls: "1", role: "report" }]);
    expect(created.snapshot.statements).toBeGreaterThan(0);
  });

  it("holds the canary nowhere: not in a row, not in a byte of the image", async () => {
    expect(await source(`SELECT 1 AS found FROM person WHERE name LIKE '%${CANARY}%' LIMIT 1`)).toEqual([{ found: 1 }]);
    const tables = await clone(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_schema IN ('public', 'Other Schema') AND table_type = 'BASE TABLE'`,
    );
    for (const { name } of tables) {
      expect(await clone(`SELECT 1 FROM ${String(name)} t WHERE t::text ILIKE '%${CANARY}%'`), String(name)).toEqual(
        [],
      );
    }
    expect(await clone(`SELECT 1 FROM statements WHERE query ILIKE '%${CANARY}%'`, "statistics")).toEqual([]);
    const stream = await docker.getImage(created.snapshot.image).get();
    let [tail, bytes, found] = ["", 0, false];
    for await (const chunk of stream) {
      const text = tail + (chunk as Buffer).toString("latin1");
      found ||= text.toLowerCase().includes(CANARY.toLowerCase());
      tail = text.slice(-CANARY.length);
      bytes += (chunk as Buffer).length;
    }
    expect(bytes).toBeGreaterThan(50_000_000);
    expect(found).toBe(false);
  });

  it("has the same id for the same content, and makes nothing twice", async () => {
    const again = await bench.create("planted", RULES);
    expect(again.isNew).toBe(false);
    expect(again.snapshot).toEqual(created.snapshot);
  });

  it("has another id for other rules", async () => {
    const other = await bench.create("planted", { ...RULES, "person.fake_city": "hash" });
    expect(other.isNew).toBe(true);
    expect(other.snapshot.id).not.toBe(created.snapshot.id);
    expect((await findSnapshot(docker, bench.project, "newest")).id).toBe(other.snapshot.id);
  });
});
