import { describe, expect, it } from "vitest";
import type { Check, DeployedEnvironment } from "../../../rehearsal/checks/check.ts";
import { checksOf, criticalChecks } from "../../../rehearsal/checks/critical-checks.ts";
import { NO_ANSWER } from "../../../rehearsal/checks/gateway-client.ts";
import { describeResult, runChecks } from "../../../rehearsal/checks/run-checks.ts";
import { shared } from "../../../rehearsal/checks/shared.ts";
import { deployedEnvironment } from "./gateway.ts";

const ENVIRONMENT = deployedEnvironment(["shop.test"], { address: "127.0.0.1", port: 1 }, "");

function check(id: string, run: Check["run"], notApplicable?: Check["notApplicable"]): Check {
  const parts = {
    id,
    title: `${id} holds`,
    cause: `${id} broke.`,
    consequence: `${id} is missed.`,
    remedy: `Mend ${id}.`,
    run,
  };
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

  it("that got no answer in time are tried again, each by itself, where they are few", async () => {
    const asked: string[] = [];
    const late = (id: string, times: number) =>
      check(id, () => {
        asked.push(id);
        const tries = asked.filter((one) => one === id).length;
        return tries > times ? Promise.resolve([]) : Promise.reject(new Error(`GET /: ${NO_ANSWER}`));
      });
    const few = await runChecks([late("once", 1), failing, late("always", 9)], ENVIRONMENT);
    expect(few.map(({ state }) => state)).toEqual(["passed", "failed", "failed"]);
    expect(asked).toEqual(["once", "always", "once", "always"]);
  });

  it("that got no answer in time stay failed where they are many, and say whether one by itself gets one", async () => {
    const seen = async (times: number) => {
      let tried = 0;
      const late = check("late", () =>
        ++tried > times ? Promise.resolve([]) : Promise.reject(new Error(`GET /: ${NO_ANSWER}`)),
      );
      const results = await runChecks([late, late, late, late], ENVIRONMENT, 0);
      return results.map((result) => (result.state === "failed" ? result.findings[0]?.seen : result.state));
    };
    expect(await seen(9)).toEqual(Array.from({ length: 4 }, () => `GET /: ${NO_ANSWER}`));
    for (const words of await seen(4)) expect(words).toContain("although one by itself is answered");
  });

  it("have an error as a finding", async () => {
    expect(await runChecks([throwing], ENVIRONMENT)).toEqual([
      {
        id: "c.throws",
        title: "c.throws holds",
        cause: "c.throws broke.",
        consequence: "c.throws is missed.",
        remedy: "Mend c.throws.",
        state: "failed",
        seconds: expect.any(Number) as number,
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
      "b.fails failed: b.fails holds\n  expected 200; seen 500\n  expected b; seen c\n" +
        "  cause: b.fails broke.\n  consequence: b.fails is missed.\n  remedy: Mend b.fails.",
      "d.skipped not applicable: there is none",
    ]);
  });
});

describe("warnings", () => {
  const warning = { expected: "21 days", seen: "9 days", warning: true as const };

  it("do not fail a check, and are told with it", async () => {
    const warns = check("w.warns", () => Promise.resolve([warning]));
    const results = await runChecks([warns], ENVIRONMENT);
    expect(results).toMatchObject([{ id: "w.warns", state: "passed", warnings: [warning] }]);
    expect(results.map(describeResult)).toEqual([
      "w.warns passed: w.warns holds\n  warning: expected 21 days; seen 9 days",
    ]);
  });

  it("do not hide what is wrong beside them", async () => {
    const both = check("x.both", () => Promise.resolve([warning, { expected: "a", seen: "b" }]));
    expect(await runChecks([both], ENVIRONMENT)).toMatchObject([
      { state: "failed", findings: [warning, { seen: "b" }] },
    ]);
  });

  it("are all that a silenced check has", async () => {
    const silenced = { ...ENVIRONMENT, checks: { ...ENVIRONMENT.checks, silenced: ["b.fails"] } };
    expect(await runChecks([failing, throwing], silenced)).toMatchObject([
      { id: "b.fails", state: "passed", warnings: [{ seen: "500" }, { seen: "c" }] },
      { id: "c.throws", state: "failed" },
    ]);
  });
});

describe("what several checks look at", () => {
  it("is read once in a run, and anew in the next", async () => {
    let reads = 0;
    const read = () => Promise.resolve(++reads);
    const looking = ["a", "b"].map((id) =>
      check(id, async (environment) => [{ expected: "", seen: String(await shared(environment, read)) }]),
    );
    const seen = async () =>
      (await runChecks(looking, ENVIRONMENT)).flatMap((result) =>
        result.state === "failed" ? result.findings.map((finding) => finding.seen) : [],
      );
    expect(await seen()).toEqual(["1", "1"]);
    expect(await seen()).toEqual(["2", "2"]);
  });
});

describe("the critical checks", () => {
  it("have ids that reports can rely on", () => {
    expect(criticalChecks.map(({ id }) => id)).toEqual([
      "gateway.tls",
      "gateway.proxy",
      "gateway.sizes",
      "web.page",
      "web.static",
      "web.links",
      "web.cookies",
      "api.answers",
      "api.links",
      "admin.login",
      "app.hosts",
      "app.csrf",
      "app.debug-off",
      "app.deploy-check",
      "app.logging",
      "app.write-read",
      "app.passwords",
      "app.media",
      "database.migrations",
      "database.roles",
      "time.zone",
      "etl.alive",
      "etl.last-run",
      "network.closed",
      "health.database-away",
      "image.health-command",
      "image.imports",
      "image.moments",
      "image.programs",
      "image.requirements",
      "image.secrets",
      "image.translations",
      "release.single",
      "release.steady",
      "release.stop-signal",
    ]);
  });

  it("are followed by the project's own", () => {
    const own = [{ id: "search", command: ["python", "search.py"] }];
    const ids = checksOf({ ...ENVIRONMENT, checks: { ...ENVIRONMENT.checks, own } }).map(({ id }) => id);
    expect(ids).toEqual([...criticalChecks.map(({ id }) => id), "own.search"]);
  });

  it("all fail in an environment where nothing answers", async () => {
    const environment = { ...ENVIRONMENT, checks: { ...ENVIRONMENT.checks, etl: ["status"] } };
    const results = await runChecks(criticalChecks, environment);
    expect(results.filter(({ state }) => state !== "failed")).toEqual([]);
    for (const { id, ...texts } of results) {
      for (const text of [texts.cause, texts.consequence, texts.remedy]) expect(text, id).toMatch(/^[A-Z].*\.$/);
    }
  });
});
