import { describe, expect, it } from "vitest";
import type { Check, DeployedEnvironment } from "../../../rehearsal/checks/check.ts";
import { criticalChecks } from "../../../rehearsal/checks/critical-checks.ts";
import { describeResult, runChecks } from "../../../rehearsal/checks/run-checks.ts";
import { deployedEnvironment } from "./gateway.ts";

const ENVIRONMENT = deployedEnvironment(["shop.test"], { address: "127.0.0.1", port: 1 }, "");

function check(id: string, run: Check["run"], notApplicable?: Check["notApplicable"]): Check {
  const parts = { id, title: `${id} holds`, remedy: `Mend ${id}.`, run };
  return notApplicable === undefined ? parts : { ...parts, notApplicable };
}

const passing = check("a.passes", () => Promise.resolve([]));
const failing = check("b.fails", () =>
  Promise.resolve([
    { expected: "200", seen: "500" },
    { expected: "b", seen: "c" },
  ]),
);
const throwing = check("c.throws", () => Promise.reject(new Error("connect ECONNREFUSED")));

describe("checks", () => {
  it("all run, whatever others find, and report in their order", async () => {
    const results = await runChecks([throwing, failing, passing], ENVIRONMENT);
    expect(results.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "c.throws failed",
      "b.fails failed",
      "a.passes passed",
    ]);
  });

  it("run side by side", async () => {
    let release: () => void = () => undefined;
    const other = new Promise<void>((resolve) => {
      release = resolve;
    });
    const waits = check("waits", async () => {
      await other;
      return [];
    });
    const releases = check("releases", () => {
      release();
      return Promise.resolve([]);
    });
    const results = await runChecks([waits, releases], ENVIRONMENT);
    expect(results.map(({ state }) => state)).toEqual(["passed", "passed"]);
  });

  it("have an error as a finding", async () => {
    expect(await runChecks([throwing], ENVIRONMENT)).toEqual([
      {
        id: "c.throws",
        title: "c.throws holds",
        remedy: "Mend c.throws.",
        state: "failed",
        findings: [{ expected: "c.throws holds", seen: "connect ECONNREFUSED" }],
      },
    ]);
  });

  it("do not run where they do not apply", async () => {
    const asked: DeployedEnvironment[] = [];
    const skipped = check("d.skipped", throwing.run, (environment) => {
      asked.push(environment);
      return "there is none";
    });
    const applies = check("e.applies", failing.run, () => undefined);
    expect(await runChecks([skipped, applies], ENVIRONMENT)).toMatchObject([
      { id: "d.skipped", state: "not applicable", reason: "there is none" },
      { id: "e.applies", state: "failed" },
    ]);
    expect(asked).toEqual([ENVIRONMENT]);
  });

  it("are told as a line each, a failed one with what was expected, seen, and what to do", async () => {
    const skipped = check("d.skipped", passing.run, () => "there is none");
    const results = await runChecks([passing, failing, skipped], ENVIRONMENT);
    expect(results.map(describeResult)).toEqual([
      "a.passes passed: a.passes holds",
      "b.fails failed: b.fails holds\n  expected 200; seen 500\n  expected b; seen c\n  Mend b.fails.",
      "d.skipped not applicable: there is none",
    ]);
  });
});

describe("the critical checks", () => {
  it("have ids that reports can rely on", () => {
    expect(criticalChecks.map(({ id }) => id)).toEqual([
      "gateway.tls",
      "web.page",
      "web.static",
      "api.answers",
      "admin.login",
      "app.write-read",
      "database.migrations",
      "database.roles",
      "etl.alive",
      "release.single",
    ]);
  });

  it("all fail in an environment where nothing answers", async () => {
    const results = await runChecks(criticalChecks, ENVIRONMENT);
    expect(results.filter(({ state }) => state !== "failed")).toEqual([]);
    for (const { id, remedy } of results) expect(remedy, id).toMatch(/^[A-Z].*\.$/);
  });
});
