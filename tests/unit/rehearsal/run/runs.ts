import type { RunReport } from "../../../../rehearsal/report/run-decision.ts";
import { compareRuns } from "../../../../rehearsal/run/comparison.ts";
import type { RunResult, RunStepResult, RunSubject } from "../../../../rehearsal/run/run-result.ts";
import { finding } from "../report/rehearsals.ts";

const DIGEST = "a".repeat(64);

export const SUBJECT: RunSubject = {
  stack: "sandbox",
  images: {
    application: `shop/application:5b1f20c97aa3@sha256:${DIGEST}`,
    postgres: `shop/postgres:77aa20c97aa3@sha256:${DIGEST}`,
  },
  snapshot: "3fa9c2d4e811",
  migrations: ["shop.0001_initial", "shop.0002_price"],
  settings: { shared: "1".repeat(32), environment: "2".repeat(32) },
  git: { commit: "0c9ad1b7a2f0".padEnd(40, "0"), changed: false },
  by: { user: "ada", host: "build-1" },
};

export function step(id: string, more: Partial<RunStepResult> = {}): RunStepResult {
  return { id, title: `step ${id}`, status: "passed", seconds: 2, detail: "all is well", findings: [], ...more };
}

export function run(more: Partial<RunResult> = {}): RunResult {
  return {
    version: 1,
    environment: "shop-sandbox",
    release: "5b1f20c97aa3",
    startedAt: "2026-11-21T09:30:00.000Z",
    seconds: 12.5,
    verdict: "pass",
    steps: [step("prepare"), step("logs", { figures: { "entries of the log": 1080 } }), step("drift")],
    subject: SUBJECT,
    leftOut: [],
    ...more,
  };
}

/** The release before: slower, with a warning that is gone since. */
export const BEFORE = run({
  release: "0823e298004d",
  startedAt: "2026-11-20T09:30:00.000Z",
  seconds: 10,
  steps: [
    step("prepare", { seconds: 4 }),
    step("logs", {
      figures: { "entries of the log": 900 },
      findings: [finding({ id: "log.new-warning", severity: "warning", subject: "application: deprecated" })],
    }),
  ],
  subject: { ...SUBJECT, migrations: ["shop.0001_initial"] },
});

export const PASSED: RunReport = {
  result: run(),
  comparison: compareRuns(run(), [BEFORE]),
  evidence: { file: "reports/evidence-shop-sandbox-20261121T093000Z.json" },
};

const STOPPED_RUN = run({
  verdict: "stop",
  steps: [
    step("prepare", { status: "skipped", detail: "nothing to look at" }),
    step("logs", {
      findings: [
        finding({ id: "log.note", severity: "note", subject: "a note" }),
        finding({ id: "log.slow", severity: "warning", subject: "a slow query", cause: "it takes twice as long" }),
      ],
    }),
    step("drift", {
      status: "failed",
      findings: [
        finding({ id: "drift.variable", subject: "service shop-sandbox-etl, variable DEBUG", evidence: ["found 1"] }),
      ],
    }),
  ],
  subject: { ...SUBJECT, git: { commit: "0c9ad1b7a2f0".padEnd(40, "0"), changed: true } },
  leftOut: [
    { part: "load", title: "load at production's limits", reason: "calendar", next: "2026-11-24", required: true },
  ],
});

export const STOPPED: RunReport = {
  result: STOPPED_RUN,
  comparison: compareRuns(STOPPED_RUN, [BEFORE]),
  evidence: { none: "drift did not pass" },
};

export const FIRST: RunReport = {
  result: run({ subject: { ...SUBJECT, snapshot: null, git: null } }),
  comparison: undefined,
  evidence: { none: "stack sandbox has no key to sign with; pulumi up --stack sandbox makes it" },
};

const MARKUP = "<script>alert(1)</script> | @team *bold* `code` \u001b[31m [a](http://b)";
const HOSTILE_RUN = run({
  environment: `<b>${"long".repeat(60)}`,
  verdict: "stop",
  steps: [
    step("logs", {
      status: "failed",
      title: MARKUP,
      detail: MARKUP,
      findings: [
        finding({
          id: "log.new-error",
          subject: `${MARKUP}${"x".repeat(400)}`,
          cause: MARKUP,
          consequence: MARKUP,
          remedy: MARKUP,
          evidence: [MARKUP, "y".repeat(2000)],
        }),
      ],
    }),
  ],
});

export const HOSTILE: RunReport = {
  result: HOSTILE_RUN,
  comparison: compareRuns(HOSTILE_RUN, []),
  evidence: { none: MARKUP },
};

/** `severity id` of each finding. */
export function told(findings: readonly { readonly severity: string; readonly id: string }[]): string[] {
  return findings.map(({ severity, id }) => `${severity} ${id}`);
}
