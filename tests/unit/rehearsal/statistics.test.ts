import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statisticsLines } from "../../../rehearsal/commands/statistics.ts";
import { addIncident, readIncidents } from "../../../rehearsal/statistics/incidents.ts";
import { releaseStatistics } from "../../../rehearsal/statistics/statistics.ts";
import { finding } from "./report/rehearsals.ts";
import { run, step } from "./run/runs.ts";

const AT = "2026-11-21T09:30:00.000Z";
const MISSED = { at: AT, release: "c", what: "Checkout answered 500.", wouldBeCaughtBy: "load" };
const BLOCKED = step("drift", { status: "failed", findings: [finding({ id: "drift.variable" })], seconds: 4 });
const RUNS = [
  run({ release: "a", verdict: "stop", steps: [BLOCKED], seconds: 10 }),
  run({ release: "a", verdict: "stop", steps: [BLOCKED], seconds: 20 }),
  run({ release: "b", steps: [step("drift", { seconds: 2 })], seconds: 60 }),
  run({ release: "c", steps: [step("drift", { status: "skipped" })], seconds: 30 }),
];

describe("the statistics of rehearsals", () => {
  it("counts a release once, however often it was stopped", () => {
    const { steps, ...totals } = releaseStatistics(RUNS, [MISSED]);
    expect(totals).toEqual({ rehearsals: 4, releases: 3, stopped: 1, seconds: 25, failures: 1, caught: 0.5 });
    expect(steps).toEqual([
      { step: "drift", releases: 1, missed: 0, seconds: 4, findings: [["drift.variable", 1]] },
      { step: "load", releases: 0, missed: 1, seconds: null, findings: [] },
    ]);
  });

  it("does not take a release for caught that was stopped and failed all the same", () => {
    expect(releaseStatistics(RUNS, [{ ...MISSED, release: "a" }]).caught).toBe(0);
  });

  it("claims nothing where nothing is known", () => {
    expect(releaseStatistics([], [])).toMatchObject({ caught: null, seconds: null, steps: [] });
    expect(statisticsLines(releaseStatistics([], [])).join("\n")).toContain("no fault known yet");
  });
});

describe("failures in production on record", () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "rehearsal-incidents-"));
    file = path.join(folder, "incidents.jsonl");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("are kept a line each, also behind a last line without an end", () => {
    writeFileSync(file, JSON.stringify({ ...MISSED, at: "2026-11-22T09:30:00.000Z" }));
    addIncident(MISSED, file);
    expect(readFileSync(file, "utf8").trim().split("\n")).toHaveLength(2);
    expect(readIncidents(file).map(({ at }) => at)).toEqual([AT, "2026-11-22T09:30:00.000Z"]);
  });

  it("name every line that is wrong", () => {
    writeFileSync(file, `${JSON.stringify(MISSED)}\n{"release":"x"}\n<<<<<<< HEAD\n`);
    expect(() => readIncidents(file)).toThrow(/line 2: [\s\S]*line 3: <<<<<<< HEAD/);
  });
});
