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
  /** What was measured, by name with its unit: compared with the release before. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** What a run is about: all that the people who approve must know of it. */
export interface RunSubject {
  /** The stack's full name. */
  readonly stack: string;
  /** The images of the release by name and digest. */
  readonly images: Readonly<Record<string, string>>;
  /** Id of the snapshot that the database was started from; null where it was started empty or is somebody else's. */
  readonly snapshot: string | null;
  /** Migrations that the database has recorded as applied, `app.name`, in the order of their application. */
  readonly migrations: readonly string[];
  /** Hashes of the settings that every environment shares, and of this one's own. */
  readonly settings: { readonly shared: string; readonly environment: string };
  /** Null outside of git; `changed` where the working copy differs from the commit. */
  readonly git: { readonly commit: string; readonly changed: boolean } | null;
  readonly by: { readonly user: string; readonly host: string };
}

/** A part of the rehearsal that did not run, and why. */
export interface LeftOut {
  /** Id of a step, or `step:selection`. */
  readonly part: string;
  readonly title: string;
  readonly reason: "calendar" | "choice";
  /** ISO 8601 date of the next day on which the calendar has it; null where somebody chose to leave it out. */
  readonly next: string | null;
  /** Whether evidence may be made without it. */
  readonly required: boolean;
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
  readonly subject?: RunSubject;
  readonly leftOut?: readonly LeftOut[];
}
