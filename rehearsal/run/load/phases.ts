/**
 * What happens under load, in order: `steady`, tasks that are used to it; `pause`, none; `away`, other tasks take their
 * place; `there`, those serve; `back`, tasks of the declaration take theirs; `after`, these serve.
 */
export type PhaseName = "steady" | "pause" | "away" | "there" | "back" | "after";

/** From when until when, in milliseconds since the epoch. */
export interface Phase {
  readonly name: PhaseName;
  readonly from: number;
  readonly to: number;
}

/** The release that the services were put to under load; without one they were given new tasks of the same release. */
export interface ReleaseBefore {
  readonly release: string;
  /** Whether a rehearsal here has passed it: what it does wrong is news then. */
  readonly passed: boolean;
}

/** A time is of the phase that it is in; undefined before and between them. */
export function phaseAt(phases: readonly Phase[], at: number): Phase | undefined {
  return phases.find(({ from, to }) => from <= at && at <= to);
}

/** What is done in a phase, to be read after "while". */
export function phaseWords(name: PhaseName, before: ReleaseBefore | undefined): string {
  const other = before === undefined ? "new tasks of this release" : `release ${before.release}`;
  const words: Record<PhaseName, string> = {
    steady: "nothing was changed",
    pause: "nothing was changed",
    away: before === undefined ? "a rolling update replaced the tasks" : `the services went back to ${other}`,
    there: `${other} served`,
    back: before === undefined ? "the tasks were rolled back" : "a rolling update brought this release again",
    after: "nothing was changed any more",
  };
  return words[name];
}
