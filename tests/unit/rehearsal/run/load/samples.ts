import type { Phase, PhaseName } from "../../../../../rehearsal/run/load/phases.ts";
import type { Reply } from "../../../../../rehearsal/run/load/traffic.ts";
import type { Sample, TaskSample } from "../../../../../rehearsal/run/load/watch.ts";

const MEBIBYTE = 1024 * 1024;

/** One phase after the other, of ten seconds each. */
export const PHASES: readonly Phase[] = (["steady", "pause", "away", "there", "back", "after"] as PhaseName[]).map(
  (name, index) => ({ name, from: index * 10_000, to: index * 10_000 + 9_999 }),
);

/** A time in the middle of a phase. */
export function during(name: PhaseName): number {
  return (PHASES.find((phase) => phase.name === name)?.from ?? 0) + 5_000;
}

export function reply(path: string, changes: Partial<Reply> = {}): Reply {
  return { path, at: during("steady"), milliseconds: 10, status: 200, ...changes };
}

export function task(changes: Partial<TaskSample> = {}): TaskSample {
  return {
    service: "app",
    container: "one",
    createdAt: 0,
    memoryBytes: 100 * MEBIBYTE,
    memoryLimit: 384 * MEBIBYTE,
    processes: 12,
    files: 40,
    killed: 0,
    failedChecks: [],
    ...changes,
  };
}

/** A look each second, at forty requests a second. */
export function samples(number: number, at: (index: number) => Partial<Sample>): Sample[] {
  return Array.from({ length: number }, (_, index) => ({
    at: index * 1000,
    requests: index * 40,
    tasks: [task()],
    connections: { app: 8 },
    open: 8,
    most: 97,
    ...at(index),
  }));
}
