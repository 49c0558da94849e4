import type Docker from "dockerode";
import { KILLED } from "../../../engine/one-shot.ts";
import { endedByItself, type Task, tasksOf } from "../../../engine/service-rollout.ts";
import { taskLogTail } from "../../../engine/task-logs.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { type Phase, phaseAt, phaseWords, type ReleaseBefore } from "./phases.ts";
import type { Sample } from "./watch.ts";

const LOG_LINES = 12;
/** One may fail by chance while tasks start side by side. */
const FLAPS = 2;

/** Tasks that ended by themselves, or were ended because they were unhealthy. */
export async function diedFindings(
  { engine, declaration, environment }: Pick<RunContext, "engine" | "declaration" | "environment">,
  phases: readonly Phase[],
  before: ReleaseBefore | undefined,
): Promise<Finding[]> {
  const findings = declaration.services.map(async ({ name }) => {
    const died = (await tasksOf(engine, name)).flatMap((task) => {
      const phase = phaseAt(phases, Date.parse(task.Status.Timestamp));
      return phase !== undefined && endedByItself(task) ? [{ task, phase }] : [];
    });
    const [first] = died;
    if (first === undefined) return [];
    return [await diedFinding(engine, name.slice(environment.length + 1), died.length, first, before)];
  });
  return (await Promise.all(findings)).flat();
}

async function diedFinding(
  engine: Docker,
  service: string,
  number: number,
  { task, phase }: { readonly task: Task; readonly phase: Phase },
  before: ReleaseBefore | undefined,
): Promise<Finding> {
  const others = before?.passed === false && phase.name === "there";
  return {
    id: "load.task-died",
    severity: others ? "warning" : "blocking",
    subject: `tasks of ${service} while ${phaseWords(phase.name, before)}`,
    cause: `${counted(number, "task")} ended by themselves: ${task.Status.Err ?? task.Status.State}`,
    consequence: "Requests that it was at are lost, and so is work that nobody does again.",
    remedy: "Mend what its last lines say.",
    evidence: (await taskLogTail(engine, task.ID)).slice(-LOG_LINES),
  };
}

/** Tasks that were told to end and had to be killed: what they were at, they did not bring to its end. */
export async function killedFindings(
  { engine, declaration, environment }: Pick<RunContext, "engine" | "declaration" | "environment">,
  phases: readonly Phase[],
): Promise<Finding[]> {
  const found = await Promise.all(
    declaration.services.map(async ({ name }) => {
      const tasks = await tasksOf(engine, name);
      const killed = tasks.filter(
        ({ Status }) => wasKilled(Status) && phaseAt(phases, Date.parse(Status.Timestamp)) !== undefined,
      );
      return killed.length === 0 ? [] : [killedFinding(name.slice(environment.length + 1), killed.length)];
    }),
  );
  return found.flat();
}

/** Whether a task that nobody needs any more ended by the signal that none can refuse. */
export function wasKilled({ State, ContainerStatus }: Task["Status"]): boolean {
  return State === "shutdown" && ContainerStatus?.ExitCode === KILLED;
}

function killedFinding(service: string, number: number): Finding {
  return {
    id: "load.task-killed",
    severity: "blocking",
    subject: `tasks of ${service}`,
    cause: `${counted(number, "task")} did not end when told to (SIGTERM) while tasks were replaced, and had to be killed (exit code ${KILLED})`,
    consequence: "Each deployment waits for the whole grace period, and cuts requests and jobs that are under way.",
    remedy:
      "Have the server itself get the signal: start it without a shell around it, or with exec; let drainSeconds be longer than its own time to end.",
  };
}

/** Health checks that fail now and then: one more in a row, and swarm replaces the task. */
export function flapFindings(samples: readonly Sample[], steady: Phase): Finding[] {
  const tasks = Map.groupBy(
    samples.flatMap((sample) => sample.tasks),
    ({ container }) => container,
  );
  const failed = new Map<string, number>();
  for (const of of tasks.values()) {
    const times = new Set(of.flatMap(({ failedChecks }) => failedChecks));
    const counting = [...times].map(Date.parse).filter((time) => time >= steady.from && time <= steady.to);
    const service = of[0]?.service ?? "";
    if (counting.length > 0) failed.set(service, (failed.get(service) ?? 0) + counting.length);
  }
  return [...failed].flatMap(([service, number]): Finding[] =>
    number < FLAPS
      ? []
      : [
          {
            id: "load.health-flaps",
            severity: "warning",
            subject: `health checks of ${service}`,
            cause: `${counted(number, "check")} failed under load while nothing was changed`,
            consequence: "Some in a row, and swarm ends a task that works, which makes the load of the others larger.",
            remedy: "Let the health check ask for less, give it more time, or the task more processor.",
          },
        ],
  );
}
