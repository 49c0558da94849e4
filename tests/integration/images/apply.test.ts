import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  APP,
  BATCHES,
  ENTRIES,
  type Event,
  events,
  of,
  type PendingProject,
  startPending,
  TABLE,
} from "./pending-project.ts";
import { Bench, execute, type Finished, until } from "./support.ts";

const bench = new Bench();
let project: PendingProject;

beforeAll(async () => {
  project = await startPending(bench);
}, 900_000);

afterAll(() => bench.remove());

describe("run apply", { timeout: 60_000 }, () => {
  let finished: Finished;
  let all: Event[];

  beforeAll(async () => {
    await project.clone("applied");
    finished = await project.run("apply", "applied");
    all = events(finished);
  });

  it("tells a failing statement with its lock and its words, and that all was not done", async () => {
    expect(finished.exitCode).toBe(1);
    expect(all.at(-1)).toEqual({ event: "done", ok: false });
    expect(of(all, "statement", "0007")).toEqual([
      expect.objectContaining({
        sql: `ALTER TABLE "${TABLE}" ALTER COLUMN "nickname" SET NOT NULL`,
        error: expect.stringContaining("contains null values") as string,
        locks: [{ table: TABLE, mode: "AccessExclusiveLock" }],
      }),
    ]);
    expect(of(all, "migration-end", "0007")[0]?.error).toContain("IntegrityError: column");
    expect(of(all, "migration-end", "0006")[0]).not.toHaveProperty("error");
    expect(
      await project.database.sql("applied", "SELECT max(name) FROM django_migrations WHERE app = 'guestbook'"),
    ).toBe("0006_two_statements");
  });

  it("holds a transaction's lock from the statement that takes it until the commit", () => {
    const [first, second] = of(all, "statement", "0002");
    expect(first?.locks).toEqual([{ table: TABLE, mode: "AccessExclusiveLock" }]);
    expect(second?.locks).toEqual([]);
    const locks = of(all, "lock", "0002");
    expect(locks).toEqual([expect.objectContaining({ table: TABLE, mode: "AccessExclusiveLock", from: first?.at })]);
    expect(locks[0]?.until).toBeGreaterThan((second?.at ?? Number.NaN) + (second?.seconds ?? Number.NaN));
  });

  it("sees the weaker lock of an index that is built concurrently", () => {
    expect(of(all, "lock", "0003").map(({ mode }) => mode)).toEqual(["ShareUpdateExclusiveLock"]);
    expect(of(all, "statement", "0003")[0]?.sizeBytes).toBeGreaterThan(8192);
  });

  it("tells the statements of a loop as one each, with how often they ran and what they did together", () => {
    const [select, update, ...others] = of(all, "statement", "0004");
    expect(others).toEqual([]);
    expect(select).toMatchObject({ count: BATCHES + 1, rows: ENTRIES - 1, walBytes: 0 });
    expect(update).toMatchObject({ count: BATCHES, rows: ENTRIES - 1 });
    expect(update?.sql).toBe(`UPDATE "${TABLE}" SET "nickname" = %s WHERE "${TABLE}"."id" IN (…)`);
    expect(update?.walBytes).toBeGreaterThan(ENTRIES * 50);
    expect(of(all, "lock", "0004").map(({ mode }) => mode)).toEqual(["AccessShareLock", "RowExclusiveLock"]);
    expect(of(all, "migration-end", "0004")[0]?.statements).toBe(2 * BATCHES + 1);
  });

  it("names the table that a change of type writes anew, and no other", () => {
    const [type, index] = of(all, "statement", "0005");
    const [rewritten] = type?.rewritten ?? [];
    expect(rewritten).toMatchObject({ table: TABLE, rows: ENTRIES });
    expect(rewritten?.bytes).toBeGreaterThan(ENTRIES * 200);
    expect(type?.walBytes).toBeGreaterThan(ENTRIES * 200);
    expect(index?.rewritten).toEqual([]);
    expect(all.filter((event) => event.rewritten?.length === 1)).toHaveLength(1);
  });

  it("releases the locks of a migration that is not atomic statement by statement", () => {
    const [first, second] = of(all, "lock", "0006");
    expect([first?.mode, second?.mode]).toEqual(["AccessExclusiveLock", "AccessExclusiveLock"]);
    expect(first?.until).toBeLessThanOrEqual(second?.from ?? Number.NaN);
    expect(of(all, "migration-start", "0006")[0]?.atomic).toBe(false);
  });

  it("measures the same schema into being that migrate makes", async () => {
    await project.clone("measured", { named: true });
    await project.clone("migrated", { named: true });
    expect((await project.run("apply", "measured")).exitCode).toBe(0);
    expect((await project.run("migrate", "migrated")).exitCode).toBe(0);
    const columns = `SELECT string_agg(column_name || data_type || is_nullable, ',' ORDER BY ordinal_position) FROM
      information_schema.columns WHERE table_name = '${TABLE}'`;
    const filled = `SELECT count(*) FROM ${TABLE} WHERE nickname = 'friend'`;
    for (const question of [columns, filled]) {
      expect(await project.database.sql("measured", question)).toBe(await project.database.sql("migrated", question));
    }
    expect(await project.database.sql("measured", filled)).toBe(String(ENTRIES));
  });

  it("tries again where a lock is not to be had, and says each time", async () => {
    await project.clone("busy", { named: true });
    const holder = execute(project.database.container, [
      "psql",
      "-Xqd",
      "busy",
      "-c",
      `BEGIN; LOCK TABLE ${TABLE} IN ACCESS SHARE MODE; SELECT pg_sleep(120)`,
    ]);
    const locks = async (granted: string) =>
      await project.database.sql(
        "busy",
        `SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = '${TABLE}' AND ${granted}`,
      );
    await until("the lock", async () => ((await locks("granted")) === "1" ? true : undefined));
    const applied = project.run("apply", "busy", { environment: { MIGRATION_LOCK_TIMEOUT: "200" } });
    await until("a migration that waits", async () => ((await locks("NOT granted")) === "1" ? true : undefined));
    await until("the end of its patience", async () => ((await locks("NOT granted")) === "0" ? true : undefined));
    const sleeping = "FROM pg_stat_activity WHERE datname = 'busy' AND wait_event = 'PgSleep'";
    await project.database.sql("postgres", `SELECT pg_terminate_backend(pid) ${sleeping}`);
    const busy = await applied;
    expect(busy.exitCode).toBe(0);
    const retries = of(events(busy), "retry", "0002");
    expect(retries[0]?.error).toContain("canceling statement due to lock timeout");
    const attempts = of(events(busy), "statement", "0002");
    expect(attempts.filter(({ error }) => error !== undefined)).toHaveLength(retries.length);
    expect(attempts[0]?.locks).toEqual([]);
    await holder;
  });

  it("takes the named migrations back, the latest first, and says which has no reverse", async () => {
    const names = ["0003_index_concurrently", "0004_fill_in_batches", "0005_wider_likes"].map((name) => APP + name);
    const stuck = await project.run("apply", "applied", { words: ["--back", ...names, `${APP}0006_two_statements`] });
    expect(stuck.exitCode).toBe(1);
    expect(of(events(stuck), "migration-end", "")[0]?.error).toMatch(
      /^IrreversibleError: .*0006_two_statements is not/,
    );
    await project.database.sql("applied", "DELETE FROM django_migrations WHERE name = '0006_two_statements'");

    const back = await project.run("apply", "applied", { words: ["--back", ...names] });
    expect(back.exitCode).toBe(0);
    expect(of(events(back), "migration-end", "").map(({ migration }) => migration)).toEqual(names.toReversed());
    expect(of(events(back), "statement", "0003")[0]?.sql).toContain("DROP INDEX CONCURRENTLY");
    expect(await project.database.sql("applied", `SELECT count(*) FROM ${TABLE} WHERE nickname IS NOT NULL`)).toBe("0");
  });

  it("refuses to take back what the release does not have", async () => {
    const refused = await project.run("apply", "applied", { words: ["--back", `${APP}0009_other`] });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("found no guestbook.0009_other in it; use the image that applied it");
  });
});
