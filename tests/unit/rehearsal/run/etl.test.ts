import { describe, expect, it } from "vitest";
import type { Contents } from "../../../../rehearsal/run/etl/contents.ts";
import {
  differingTables,
  effortFindings,
  errorFindings,
  resultFindings,
  valueSamples,
  withoutChance,
} from "../../../../rehearsal/run/etl/judge.ts";

import { restless } from "../../../../rehearsal/run/etl/living.ts";

type Tables = Record<string, [rows: number, columns: Record<string, string>]>;

/** Digests by column; what follows a colon is the column's type. */
function tables(of: Tables): Contents {
  const column = (text: string) => {
    const [digest = "", type = "integer"] = text.split(":");
    return { type, digest };
  };
  return new Map(
    Object.entries(of).map(([table, [rows, columns]]) => [
      table,
      { rows, columns: Object.fromEntries(Object.entries(columns).map(([name, text]) => [name, column(text)])) },
    ]),
  );
}

const contents = (filled: Tables, empty: Tables = {}) => ({ empty: tables(empty), filled: tables(filled) });

const about = { release: "a1", samples: [], said: ["no file in /tmp"] };

describe("what two workers make of the same input", () => {
  it("is the same where rows and values are, whatever one of them alone has", () => {
    const before = contents({ item: [2, { id: "1", gone: "5" }], old: [3, { id: "1" }], unused: [0, { id: "0" }] });
    const now = contents({ item: [2, { id: "1", added: "7" }], new: [9, { id: "2" }], unused: [4, { id: "3" }] });
    expect(differingTables(before, now)).toEqual([]);
  });

  it("is nothing of the worker's where migrations have filled the table, or the column has another type", () => {
    const kinds: Tables = { kind: [4, { name: "1" }] };
    const before = contents({ ...kinds, item: [2, { price: "5" }], sort: [2, {}] }, { ...kinds, sort: [1, {}] });
    const more: Tables = { kind: [5, { name: "2" }] };
    const now = contents({ ...more, item: [2, { price: "6:numeric" }], sort: [3, {}] }, { ...more, sort: [2, {}] });
    expect(differingTables(before, now)).toEqual([]);
  });

  it("differs in what a worker removes from a table that migrations have filled", () => {
    const kinds: Tables = { kind: [4, { name: "1" }] };
    expect(differingTables(contents(kinds, kinds), contents({ kind: [0, { name: "0" }] }, kinds))).toEqual([
      { table: "kind", rowsBefore: 4, rowsNow: 0, columns: [] },
    ]);
  });

  it("differs in rows, or else in the columns whose values do", () => {
    const before = contents({ item: [2, { id: "1", price: "5" }], sale: [3, { id: "1" }] });
    const now = contents({ item: [2, { id: "1", price: "6" }], sale: [6, { id: "2" }] });
    expect(differingTables(before, now)).toEqual([
      { table: "item", rowsBefore: 2, rowsNow: 2, columns: ["price"] },
      { table: "sale", rowsBefore: 3, rowsNow: 6, columns: [] },
    ]);
  });

  it("does not differ in what the release before makes otherwise when it runs once more", () => {
    const before = contents({ item: [2, { price: "5", seconds: "1" }], run: [3, { seconds: "1" }], lost: [4, {}] });
    const now = contents({ item: [2, { price: "6", seconds: "2" }], run: [3, { seconds: "2" }], lost: [1, {}] });
    const again = contents({ item: [2, { price: "5", seconds: "3" }], run: [3, { seconds: "3" }], lost: [3, {}] });
    expect(withoutChance(differingTables(before, now), before, again)).toEqual([
      { table: "item", rowsBefore: 2, rowsNow: 2, columns: ["price"] },
    ]);
  });

  it("is one finding, which names tables and columns and quotes values", () => {
    const differences = differingTables(
      contents({ sale: [3, {}], item: [2000, { price: "5" }] }),
      contents({ sale: [6, {}], item: [2000, { price: "6" }] }),
    );
    const samples = valueSamples(
      "item.price",
      new Map([
        ["1.50", 2],
        ["2.00", 1],
      ]),
      new Map([
        ["150", 2],
        ["2.00", 1],
      ]),
    );
    const [finding, ...others] = resultFindings(differences, { ...about, pass: "again", samples });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      id: "etl.results",
      severity: "blocking",
      cause:
        "when the same input comes once more, to tables in which others have stored something, the worker makes something else than that of release a1: " +
        "item has other values in price; sale has 6 rows in place of 3",
      evidence: ["item.price before: 1.50", "item.price now: 150"],
    });
  });

  it("quotes the worker where nothing arrives", () => {
    const differences = differingTables(contents({ item: [2, {}] }), contents({ item: [0, {}] }));
    const [finding] = resultFindings(differences, { ...about, pass: "first" });
    expect(finding?.cause).toContain("item has 0 rows in place of 2");
    expect(finding?.consequence).toContain("Nothing arrives any more");
    expect(finding?.evidence).toEqual(["worker: no file in /tmp"]);
  });

  it("is no finding where nothing differs", () => {
    expect(resultFindings([], { ...about, pass: "first" })).toEqual([]);
  });
});

describe("what a worker takes for the same input", () => {
  it("must not be many times as much as before", () => {
    expect(effortFindings({ before: 15_000, now: 62_000 }, "a1")).toMatchObject([
      { id: "etl.effort", severity: "blocking", cause: expect.stringContaining("62,000 rows") as string },
    ]);
    expect(effortFindings({ before: 15_000, now: 36_000 }, "a1")).toEqual([]);
    expect(effortFindings({ before: 100, now: 5_000 }, "a1")).toEqual([]);
    expect(effortFindings({ before: 0, now: 0 }, "a1")).toEqual([]);
  });
});

describe("a worker that is to be seen to live on", () => {
  const worker = (environment: Record<string, string>) => ({
    ...{ image: "i", command: ["work"], secrets: {}, memoryBytes: 1 },
    environment,
  });

  it("looks at its input every few seconds, where a variable says how often it does", () => {
    const hurried = restless(worker({ ETL_INTERVAL_SECONDS: "300", POLL_MS: "x", INTERVALS: "9", RELEASE: "a" }));
    expect(hurried?.environment).toEqual({ ETL_INTERVAL_SECONDS: "2", POLL_MS: "x", INTERVALS: "9", RELEASE: "a" });
    expect(restless(worker({ RETRIES: "300" }))).toBeUndefined();
    expect(restless(worker({ POLL_SECONDS: "1" }))).toBeUndefined();
  });
});

describe("errors that a worker logs", () => {
  const failed = (id: number) => [
    `2026-01-02 10:00:0${id} ERROR The cycle ${id} failed`,
    "Traceback (most recent call last):",
    '  File "/app/etl/cycle.py", line 9, in run',
    `psycopg.errors.InsufficientPrivilege: must be owner of materialized view totals`,
  ];

  it("are none where the release before logs them too", () => {
    const said = { before: ["INFO up", ...failed(1)], now: [...failed(2), ...failed(3), "INFO up"] };
    expect(errorFindings(said, "a1")).toEqual([]);
    expect(errorFindings({ before: failed(1), now: ["INFO down", "WARNING 3 rows set aside"] }, "a1")).toEqual([]);
  });

  it("stop the release where they are new, though every row is the same", () => {
    const [found, ...more] = errorFindings({ before: ["INFO up"], now: ["INFO up", ...failed(1), ...failed(2)] }, "a1");
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: "etl.error", severity: "blocking" });
    expect(found?.cause).toBe(
      "from the same input it logs an error 2 times that release a1 does not: 2026-01-02 10:00:01 ERROR The cycle 1 failed | psycopg.errors.InsufficientPrivilege: must be owner of materialized view totals",
    );
    expect(found?.evidence?.at(-1)).toContain("InsufficientPrivilege");
  });
});
