import type { Finding } from "../finding.ts";
import type { RunContext } from "./context.ts";

/** What a step of a run tells. */
export interface StepOutcome {
  /** In a line, for a person. */
  readonly detail: string;
  readonly findings: readonly Finding[];
  /** Why nothing could be looked at; undefined where something was. */
  readonly skipped?: string;
  /** What was measured, by name with its unit, such as `p99 of requests (ms)`: compared with the release before. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** One step of `rehearse run`. It goes on after what it finds wrong, as far as that tells more. */
export interface RunStep {
  /** Stable: reports refer to it. */
  readonly id: string;
  readonly title: string;
  /** Names of the selections of its tests that the regression calendar may leave out, as `step:selection`; none without it. */
  readonly selections?: (context: RunContext) => readonly string[];
  /**
   * @returns what was found, empty where all is well
   * @throws Error where the step itself cannot be done; that stops the release too, but not the other steps
   */
  readonly run: (context: RunContext) => Promise<StepOutcome>;
}
