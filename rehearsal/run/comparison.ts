import type { Finding } from "../finding.ts";
import type { RunResult, RunStepResult } from "./run-result.ts";

/** A value of two runs; null where one of them has none. */
export interface Compared {
  readonly name: string;
  readonly before: number | null;
  readonly now: number | null;
}

/** What differs between a run and that of the release before. */
export interface RunComparison {
  readonly before: RunResult;
  /** Seconds of each step that ran in one of them, in the order of steps. */
  readonly steps: readonly Compared[];
  readonly figures: readonly Compared[];
  /** Blocking findings and warnings that the release before did not have; notes tell of every run. */
  readonly appeared: readonly Finding[];
  /** Those that it had, and this release has not; none of steps that did not run. */
  readonly gone: readonly Finding[];
  /** Migrations that were not applied then; undefined where the earlier report does not say. */
  readonly migrations?: readonly string[];
}

/**
 * Compares a run with the newest one of another release in the same environment.
 *
 * @param past runs in the order of their times
 * @returns undefined where there is none
 */
export function compareRuns(run: RunResult, past: readonly RunResult[]): RunComparison | undefined {
  const before = past.findLast(
    ({ environment, release, startedAt }) =>
      environment === run.environment && release !== run.release && Date.parse(startedAt) < Date.parse(run.startedAt),
  );
  if (before === undefined) return undefined;
  const known = before.subject?.migrations;
  return {
    before,
    steps: compared(before.steps, run.steps, (steps) =>
      steps.filter(ran).map(({ title, seconds }) => [title, seconds]),
    ),
    figures: compared(before.steps, run.steps, (steps) => steps.flatMap(({ figures = {} }) => Object.entries(figures))),
    appeared: missingIn(before.steps, run.steps),
    gone: missingIn(
      run.steps,
      before.steps.filter(({ id }) => run.steps.some((step) => step.id === id && ran(step))),
    ),
    ...(known === undefined
      ? {}
      : { migrations: (run.subject?.migrations ?? []).filter((name) => !known.includes(name)) }),
  };
}

function ran({ status }: RunStepResult): boolean {
  return status !== "skipped";
}

function compared(
  before: readonly RunStepResult[],
  now: readonly RunStepResult[],
  values: (steps: readonly RunStepResult[]) => [string, number][],
): Compared[] {
  const [earlier, later] = [new Map(values(before)), new Map(values(now))];
  return [...new Set([...later.keys(), ...earlier.keys()])].map((name) => ({
    name,
    before: earlier.get(name) ?? null,
    now: later.get(name) ?? null,
  }));
}

/** What was found in some steps, and not in others. */
function missingIn(others: readonly RunStepResult[], steps: readonly RunStepResult[]): Finding[] {
  const known = new Set(others.flatMap(({ findings }) => findings).map(identity));
  return steps
    .flatMap(({ findings }) => findings)
    .filter((finding) => finding.severity !== "note" && !known.has(identity(finding)));
}

/** The hash of a release is in the names of what it brings: it does not tell findings apart. */
function identity({ id, subject }: Finding): string {
  return `${id} ${subject.replaceAll(/[0-9a-f]{12,}/g, "#")}`;
}
