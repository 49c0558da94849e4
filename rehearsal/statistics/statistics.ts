import type { RunResult } from "../run/run-result.ts";
import type { Incident } from "./incidents.ts";

/** What one step has caught. */
export interface StepCatches {
  /** Id of the step. */
  readonly step: string;
  /** Releases in which it found something that blocks. */
  readonly releases: number;
  /** Failures in production that it should have caught. */
  readonly missed: number;
  /** Median of its seconds; null where it never ran. */
  readonly seconds: number | null;
  /** Ids of what blocked, with the number of releases, the most frequent first. */
  readonly findings: readonly (readonly [string, number])[];
}

/** What the rehearsals of a time have been good for. */
export interface ReleaseStatistics {
  readonly rehearsals: number;
  readonly releases: number;
  /** Releases with a rehearsal that was stopped. */
  readonly stopped: number;
  /** Median of the seconds of a rehearsal; null where there was none. */
  readonly seconds: number | null;
  /** Failures in production. */
  readonly failures: number;
  /**
   * Of the releases with a fault that somebody knows of, the share that the rehearsal stopped and that did not fail in
   * production; null where there were none.
   */
  readonly caught: number | null;
  readonly steps: readonly StepCatches[];
}

/** Counts rehearsals and failures in production. A release counts once, however often it was rehearsed. */
export function releaseStatistics(runs: readonly RunResult[], incidents: readonly Incident[]): ReleaseStatistics {
  const stopped = distinct(runs.filter(({ verdict }) => verdict === "stop").map(({ release }) => release));
  const failed = distinct(incidents.map(({ release }) => release));
  const faulty = distinct([...stopped, ...failed]);
  return {
    rehearsals: runs.length,
    releases: distinct(runs.map(({ release }) => release)).length,
    stopped: stopped.length,
    seconds: median(runs.map(({ seconds }) => seconds)),
    failures: incidents.length,
    caught: faulty.length === 0 ? null : (faulty.length - failed.length) / faulty.length,
    steps: distinct([
      ...runs.flatMap(({ steps }) => steps.map(({ id }) => id)),
      ...incidents.flatMap(({ wouldBeCaughtBy }) => wouldBeCaughtBy ?? []),
    ]).map((step) => stepCatches(step, runs, incidents)),
  };
}

function stepCatches(step: string, runs: readonly RunResult[], incidents: readonly Incident[]): StepCatches {
  const ran = runs.flatMap(({ release, steps }) =>
    steps.filter(({ id, status }) => id === step && status !== "skipped").map((result) => ({ release, ...result })),
  );
  const blocking = ran.flatMap(({ release, findings }) =>
    findings.filter(({ severity }) => severity === "blocking").map(({ id }) => ({ release, id })),
  );
  const releasesWith = (id: string) =>
    distinct(blocking.filter((finding) => finding.id === id).map(({ release }) => release)).length;
  return {
    step,
    releases: distinct(blocking.map(({ release }) => release)).length,
    missed: incidents.filter(({ wouldBeCaughtBy }) => wouldBeCaughtBy === step).length,
    seconds: median(ran.map(({ seconds }) => seconds)),
    findings: distinct(blocking.map(({ id }) => id))
      .map((id) => [id, releasesWith(id)] as const)
      .toSorted(([, one], [, other]) => other - one),
  };
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
