import type { Finding } from "../finding.ts";
import type { RunContext } from "./context.ts";

/** What a step of a run tells. */
export interface StepOutcome {
  /** In a line, for a person. */
  readonly detail: string;
  readonly findings: readonly Finding[];
  /** Why nothing could be looked at; undefined where something was. */
  readonly skipped?: string;
}

/** One step of `rehearse run`. It goes on after what it finds wrong, as far as that tells more. */
export interface RunStep {
  /** Stable: reports refer to it. */
  readonly id: string;
  readonly title: string;
  /**
   * @returns what was found, empty where all is well
   * @throws Error where the step itself cannot be done; that stops the release too, but not the other steps
   */
  readonly run: (context: RunContext) => Promise<StepOutcome>;
}
