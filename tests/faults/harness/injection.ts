import type { Accepted } from "../../../rehearsal/accepted.ts";
import type { Changes } from "./stage.ts";
import type { Staged } from "./staged.ts";

/** Something that stops a release, in the words that a person reads. */
export interface Stopping {
  /** Of the finding or of the critical check. */
  readonly id: string;
  readonly words: string;
}

/** Steps of a run that look at what most changes leave behind. */
export const USUAL_STEPS: readonly string[] = ["logs"];

/** What differs from what runs, or is done by hand. */
export interface Injection {
  /** Files of the project that the release changes, and lines of a Dockerfile beyond those; or variables alone. */
  readonly release?: {
    readonly changes?: Changes;
    readonly steps?: string;
    readonly variables?: Readonly<Record<string, string>>;
    /** Services that take part; application and ETL worker without it. */
    readonly roles?: readonly string[];
  };
  /** What is done by hand, in the same way both times. */
  readonly byHand?: (place: Staged) => Promise<unknown>;
  /** Steps of `rehearse run` that are taken after the critical checks; `USUAL_STEPS` without it. */
  readonly steps?: readonly string[];
  /** What is done in the environment before the change. */
  readonly prepared?: (place: Staged) => Promise<void>;
  /**
   * Whether the steps compare with the release before: they are taken before the change as well, in the environment as it was
   * deployed, or once it is `prepared`.
   */
  readonly compared?: true | "prepared";
  /** Findings with which somebody has decided to release. */
  readonly accepted?: readonly Accepted[];
  /** Requests of users, or time, between deployment and rehearsal. */
  readonly before?: (sandbox: Staged) => Promise<void>;
}

/** A fault, or a sibling of it. */
export interface FaultCase extends Injection {
  readonly title: string;
  /** What users or operators of an unguarded production see; fails where nothing is broken. */
  readonly breaks: (twin: Staged) => Promise<void>;
  /** Whether seeing that takes more than the change: it is then applied anew before it is rehearsed. */
  readonly spoils?: true;
  /** A finding that must stop the release, and its words: what was found, not what usually is the cause. */
  readonly caught: Cause;
  /** Another one that names the cause as well, of a fault that a slow machine shows earlier. */
  readonly orCaught?: Cause;
}

/** A finding that names the cause of a fault. */
export interface Cause {
  readonly id: string;
  readonly words: RegExp;
}

/** A release or change that harms nobody. */
export interface HarmlessCase extends Injection {
  readonly title: string;
  /** That it does what it is for. */
  readonly works?: (twin: Staged) => Promise<void>;
}
