import type { Finding } from "../finding.ts";

/** How one step of a run ended. */
export interface RunStepResult {
  readonly id: string;
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** In a line, for a person. */
  readonly detail: string;
  readonly findings: readonly Finding[];
}

/** What `rehearse run` found, as its report holds it. */
export interface RunResult {
  readonly version: 1;
  readonly environment: string;
  readonly release: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** `stop` where anything blocking was found. */
  readonly verdict: "pass" | "stop";
  readonly steps: readonly RunStepResult[];
}
