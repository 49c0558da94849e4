import { describe, expect, it } from "vitest";
import { killFindings, repeatFindings } from "../../../../rehearsal/migration/findings/kills.ts";
import { ids, ran, statement } from "./runs.ts";

describe("a kill", () => {
  const kill = { migration: "shop.0002_change", afterStatement: 1, statements: 3 };

  it("that leaves the database before or after is no finding", () => {
    expect(
      killFindings(
        {
          kills: [
            { ...kill, found: "before" },
            { ...kill, found: "after" },
          ],
        },
        [],
      ),
    ).toEqual([]);
  });

  it("that leaves it between is told with the way on", () => {
    expect(ids(killFindings({ kills: [{ ...kill, found: "between", resumed: { ok: true } }] }, []))).toEqual([
      "note migration.not-atomic",
    ]);
  });

  const stuck = (statements: number, ...sql: string[]) =>
    killFindings(
      { kills: [{ ...kill, statements, found: "between", resumed: { ok: false, error: "already exists" } }] },
      [ran(sql.map((text) => statement({ sql: text })))],
    );
  const [index, column] = ["CREATE INDEX CONCURRENTLY a ON b (c)", "ALTER TABLE b ADD COLUMN d int"];

  it("after which the migration cannot be run again is told as such", () => {
    const [finding] = stuck(3, index, index);
    expect(finding).toMatchObject({ id: "migration.not-atomic.stuck", severity: "warning" });
    expect(finding?.consequence).toContain("already exists");
    expect(ids(stuck(3, column, index))).toEqual(["warning migration.not-atomic.stuck"]);
    expect(ids(stuck(1, index))).toEqual(["note migration.not-atomic.stuck"]);
  });

  it("stops the release where the migration changes the schema without a transaction for no reason", () => {
    const [finding] = stuck(3, column, "UPDATE b SET d = 1");
    expect(finding).toMatchObject({ id: "migration.not-atomic.stuck", severity: "blocking" });
    expect(finding?.remedy).toContain("a migration of its own, which may be atomic");
    expect(ids(stuck(3, "UPDATE b SET d = 1", "UPDATE b SET d = 2"))).toEqual(["warning migration.not-atomic.stuck"]);
  });

  it("after which it ends with other values is told as such", () => {
    const facts = { kills: [{ ...kill, found: "between" as const, resumed: { ok: true } }] };
    expect(repeatFindings(facts, ["shop_note.price"])).toMatchObject([
      {
        ...{ id: "migration.not-repeatable", severity: "blocking", migration: "shop.0002_change" },
        cause: "interrupted and run again it ends with other values than in one go: shop_note.price",
      },
    ]);
    expect(repeatFindings(facts, [])).toEqual([]);
    expect(repeatFindings({ kills: [{ ...kill, found: "after" }] }, ["shop_note.price"])).toEqual([]);
  });

  it("counts all statements of the migration, although it is killed after the first", () => {
    const between = { ...kill, found: "between" as const, resumed: { ok: false, error: "already exists" } };
    const kills = [
      { ...between, statements: 1 },
      { ...between, afterStatement: 2, statements: 3 },
    ];
    expect(ids(killFindings({ kills }, []))).toEqual(["warning migration.not-atomic.stuck"]);
  });

  it("that was not tried to the end is said", () => {
    expect(ids(killFindings({ kills: [], incomplete: "out of time" }, []))).toEqual(["note rehearsal.kill-incomplete"]);
  });
});
