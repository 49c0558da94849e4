import { logStreams } from "../../../engine/task-logs.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { type Phase, phaseAt, phaseWords, type ReleaseBefore } from "./phases.ts";

/** A request that the gateway had to give to a second task, since the first one did not answer it. */
export interface SecondTry {
  /** Milliseconds since the epoch, to the second. */
  readonly at: number;
  readonly path: string;
  /** Of each task that was asked. */
  readonly statuses: string;
}

const LINES = 100_000;
const SHOWN = 5;
/** One or two may be a task that was slow to take a connection on a busy machine. */
const TOLERATED = 2;

/** What the gateway's log says of the tasks behind it: a client sees nothing of these, unless it has sent a form. */
export async function upstreamFindings(
  { engine, environment }: Pick<RunContext, "engine" | "environment">,
  phases: readonly Phase[],
  before: ReleaseBefore | undefined,
): Promise<Finding[]> {
  const since = Math.floor((phases[0]?.from ?? 0) / 1000);
  const tasks = (await engine.listTasks({ filters: { service: [`${environment}-gateway`] } })) as { ID: string }[];
  const logs = await Promise.all(tasks.map(({ ID }) => logStreams(engine, { task: ID }, since, LINES)));
  return secondTryFindings(
    logs.flatMap(({ stdout }) => secondTries(stdout)),
    phases,
    before,
  );
}

/** Reads the gateway's log of requests. */
export function secondTries(log: string): SecondTry[] {
  return log.split("\n").flatMap((line) => {
    if (!line.startsWith("{")) return [];
    try {
      const entry = JSON.parse(line) as { time?: string; path?: string; upstream_status?: string };
      const statuses = entry.upstream_status ?? "";
      return statuses.includes(",") ? [{ at: Date.parse(entry.time ?? ""), path: entry.path ?? "", statuses }] : [];
    } catch {
      return [];
    }
  });
}

/** Judges second tries, phase by phase. */
export function secondTryFindings(
  tries: readonly SecondTry[],
  phases: readonly Phase[],
  before: ReleaseBefore | undefined,
): Finding[] {
  const byPhase = Map.groupBy(tries, ({ at }) => phaseAt(phases, at)?.name);
  return [...byPhase].flatMap(([name, some]): Finding[] => {
    if (name === undefined || some.length <= TOLERATED) return [];
    return [
      {
        id: "load.second-tries",
        severity: "warning",
        subject: `tasks behind the gateway while ${phaseWords(name, before)}`,
        cause: `${counted(some.length, "request")} found a task that did not answer; the gateway gave them to another one`,
        consequence:
          "A form is not given to another task: its sender sees an error, and does not know whether it was taken.",
        remedy:
          "Let a task that was told to stop (SIGTERM) finish what it has begun, and serve until the gateway has forgotten it (app.drainSeconds).",
        evidence: some.slice(0, SHOWN).map(({ path, statuses }) => `${path}: ${statuses}`),
      },
    ];
  });
}
