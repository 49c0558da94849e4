import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { APP, ENTRIES, type Event, events, of, type PendingProject, startPending, TABLE } from "./pending-project.ts";
import { Bench, type Finished } from "./support.ts";

const bench = new Bench();
let project: PendingProject;

beforeAll(async () => {
  project = await startPending(bench);
}, 900_000);

afterAll(() => bench.remove());

describe("run kill", { timeout: 60_000 }, () => {
  it("finds an atomic migration undone after each of its statements, and names those that are left between", async () => {
    const told: Event[] = [];
    let from: string | undefined;
    let finished: Finished | undefined;
    for (let clones = 0; clones < 5 && finished?.exitCode !== 0; clones++) {
      await project.clone("killed", { named: true });
      finished = await project.run("kill", "killed", { words: from === undefined ? [] : ["--from", from] });
      expect(finished.stderr).toBe("");
      expect([0, 3]).toContain(finished.exitCode);
      told.push(...events(finished));
      const spent = told.at(-1);
      from = `${String(spent?.migration)}:${String(spent?.afterStatement)}`;
    }
    expect(finished?.exitCode).toBe(0);
    const kills = (migration: string): unknown[] =>
      of(told, "kill", migration).map(({ afterStatement, statements, found, resumed }) => [
        afterStatement,
        statements,
        found,
        ...(resumed === undefined ? [] : [resumed.ok]),
      ]);
    expect(kills("0002")).toEqual([
      [2, 2, "before"],
      [1, 2, "before"],
    ]);
    expect(kills("0003")).toEqual([[1, 1, "between", false]]);
    expect(kills("0005")).toEqual([
      [2, 2, "before"],
      [1, 2, "before"],
    ]);
    expect(kills("0006")).toEqual([
      [1, 2, "between", false],
      [2, 2, "between", false],
    ]);
    expect(kills("0007")).toEqual([[1, 1, "before"]]);
    const fill = kills("0004");
    expect(fill[0]).toEqual([1, 1, "before"]);
    expect(fill.length).toBeGreaterThan(3);
    for (const kill of fill.slice(1)) expect(kill).toEqual([expect.anything(), expect.anything(), "between", true]);
    expect(of(told, "kill", "0006")[0]?.resumed).toMatchObject({
      error: expect.stringContaining('column "first_note" of relation "guestbook_entry" already exists') as string,
    });
    // Killed or not, in the end everything is there, once.
    expect(await project.database.sql("killed", `SELECT count(*) FROM ${TABLE} WHERE nickname = 'friend'`)).toBe(
      String(ENTRIES),
    );
    expect(await project.database.sql("killed", "SELECT count(*) FROM pg_index WHERE NOT indisvalid")).toBe("0");
  });

  it("begins no more kills after KILL_SECONDS, and says what it left out", async () => {
    await project.clone("hurried");
    const hurried = await project.run("kill", "hurried", { environment: { KILL_SECONDS: "0" } });
    expect(hurried.exitCode).toBe(0);
    expect(events(hurried).map(({ event }) => event)).toEqual([...Array<string>(6).fill("omitted"), "done"]);
  });

  it("kills at most KILL_LIMIT times, the last statement always", async () => {
    await project.clone("limited");
    const limited = await project.run("kill", "limited", {
      environment: { KILL_LIMIT: "2" },
      words: ["--from", `${APP}0003_index_concurrently:1`],
    });
    expect(of(events(limited), "kill", "0004").map(({ afterStatement }) => afterStatement)).toEqual([1, 2]);
  });

  it("names a migration that fails by itself, and one that is not pending", async () => {
    await project.clone("failing");
    const failing = await project.run("kill", "failing", { words: ["--from", `${APP}0006_two_statements:2`] });
    expect(failing.exitCode).toBe(1);
    expect(failing.stderr).toContain("found guestbook.0007_nickname_required fails by itself: IntegrityError");
    const refused = await project.run("kill", "failing", { words: ["--from", `${APP}0001_entry:1`] });
    expect(refused.stderr).toMatch(
      /--from names a pending migration; found guestbook\.0001_entry, pending are guestbook\.0007/,
    );
  });
});
