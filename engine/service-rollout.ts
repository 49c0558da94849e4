import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { isNotFound } from "./docker-client.ts";
import { taskLogTail } from "./task-logs.ts";

/** Label of a service and of its tasks that names the declaration which they were made from. */
export const DECLARATION_LABEL = "rehearsal.declaration";
/** Label of a service that a command has put to another specification for a while: it names the process. */
export const DISPLACED_LABEL = "rehearsal.displaced";

/** A service as it is declared. */
export interface DeclaredService {
  readonly name: string;
  /** The value of the declaration label. */
  readonly declaration: string;
}

/** What became of one service. */
export type ServiceOutcome =
  | { readonly state: "converged"; readonly seconds: number }
  | { readonly state: "failed"; readonly reason: string; readonly logs: readonly string[] };

type Labels = Readonly<Record<string, string>>;

/** The parts of the engine's answer on a service that matter here. */
export interface RunningService {
  readonly ID: string;
  readonly Spec: {
    readonly Labels?: Labels;
    readonly Mode: { readonly Replicated?: { readonly Replicas: number } };
  };
  readonly UpdateStatus?: { readonly State?: string; readonly StartedAt?: string };
}

/** The parts of the engine's answer on a task that matter here. */
export interface Task {
  readonly ID: string;
  /** Which of the service's replicas it is. */
  readonly Slot?: number;
  readonly CreatedAt: string;
  readonly DesiredState: string;
  readonly Spec: { readonly ContainerSpec: { readonly Labels?: Labels } };
  readonly Status: {
    readonly State: string;
    readonly Err?: string;
    readonly Message?: string;
    readonly Timestamp: string;
    readonly ContainerStatus?: { readonly ExitCode?: number; readonly ContainerID?: string };
  };
}

const POLL_MILLISECONDS = 100;
/** Failures of tasks after which a service is given up that has no release before to go back to. */
const TOLERATED_FAILURES = 3;
const HEALTH_LINES = 5;
/** States of tasks that nobody asked to end: an unhealthy one that ends well when it is told to is `complete`. */
const ENDED_BY_ITSELF: readonly string[] = ["failed", "rejected", "orphaned", "complete"];

/**
 * Waits until a service runs what is declared with all its tasks healthy, or has failed or been rolled back.
 *
 * @param deadline time in milliseconds since the epoch
 */
export async function awaitService(
  docker: Docker,
  declared: DeclaredService,
  deadline: number,
): Promise<ServiceOutcome> {
  const started = Date.now();
  for (;;) {
    const service = (await docker.getService(declared.name).inspect()) as RunningService;
    const tasks = await tasksOf(docker, service.ID);
    const outcome = judge(service, tasks, declared, started);
    if (outcome === "converged") return { state: "converged", seconds: (Date.now() - started) / 1000 };
    if (outcome === "failed") return await failure(docker, service, tasks, declared, "did not converge");
    if (Date.now() > deadline) {
      const waited = ((Date.now() - started) / 1000).toFixed(0);
      return await failure(docker, service, tasks, declared, `did not converge within ${waited} s`);
    }
    await sleep(POLL_MILLISECONDS);
  }
}

/** What the engine's answers say of a service; failures of tasks before `startedAt` (milliseconds) do not count. */
export function judge(
  service: RunningService,
  tasks: readonly Task[],
  declared: DeclaredService,
  startedAt: number,
): "converged" | "failed" | "pending" {
  // Swarm has put the release before in place of the declared one.
  if (service.Spec.Labels?.[DECLARATION_LABEL] !== declared.declaration) return "failed";
  const current = tasks.filter(isDeclared(declared));
  const wanted = service.Spec.Mode.Replicated?.Replicas ?? 1;
  const serving = current.filter((task) => task.DesiredState === "running" && task.Status.State === "running");
  const outgoing = tasks.filter((task) => task.DesiredState === "running" && !isDeclared(declared)(task));
  if (serving.length === wanted && outgoing.length === 0 && service.UpdateStatus?.State !== "updating") {
    return "converged";
  }
  if (outgoing.length > 0 || service.UpdateStatus?.State === "updating") return "pending";
  const failures = current.filter((task) => endedByItself(task) && Date.parse(task.Status.Timestamp) >= startedAt);
  return failures.length >= TOLERATED_FAILURES ? "failed" : "pending";
}

/**
 * The value of the declaration label for a declaration with the given hash.
 *
 * After swarm has rolled a service back by itself, or a killed command has left it displaced, Pulumi's state still holds
 * the new specification, and the next `up` would see nothing to do. A label that the state does not know makes it try again; it stays as long as that declaration
 * runs, so that an unchanged stack shows no change.
 */
export async function declarationLabel(docker: Docker, service: string, hash: string): Promise<string> {
  let running: RunningService;
  try {
    running = (await docker.getService(service).inspect()) as RunningService;
  } catch (error) {
    if (isNotFound(error)) return hash;
    throw error;
  }
  return labelAfter(running, hash);
}

/** The pure part of `declarationLabel`. */
export function labelAfter(running: RunningService, hash: string): string {
  const label = running.Spec.Labels?.[DECLARATION_LABEL] ?? "";
  const displaced = running.Spec.Labels?.[DISPLACED_LABEL] !== undefined;
  if (!displaced && (label === hash || label.startsWith(`${hash}.`))) return label;
  const rolledBack = running.UpdateStatus?.State?.startsWith("rollback") === true;
  const since = Date.parse(running.UpdateStatus?.StartedAt ?? "");
  return displaced || rolledBack ? `${hash}.${since.toString(36)}` : hash;
}

function isDeclared({ declaration }: DeclaredService): (task: Task) => boolean {
  return (task) => task.Spec.ContainerSpec.Labels?.[DECLARATION_LABEL] === declaration;
}

/** Whether a task ended, and nobody asked it to. */
export function endedByItself({ Status }: Task): boolean {
  return ENDED_BY_ITSELF.includes(Status.State);
}

/**
 * All tasks of a service that the engine still knows, the oldest first.
 *
 * @param service name or id
 */
export async function tasksOf(docker: Docker, service: string): Promise<Task[]> {
  const tasks = (await docker.listTasks({ filters: { service: [service] } })) as unknown as Task[];
  return tasks.sort((a, b) => a.CreatedAt.localeCompare(b.CreatedAt));
}

async function failure(
  docker: Docker,
  service: RunningService,
  tasks: readonly Task[],
  declared: DeclaredService,
  what: string,
): Promise<ServiceOutcome> {
  const current = tasks.filter(isDeclared(declared));
  const culprit =
    current.findLast(endedByItself) ?? current.findLast(({ Status }) => Status.State !== "running") ?? current.at(-1);
  const rolledBack = service.UpdateStatus?.State?.startsWith("rollback") === true;
  const after = rolledBack ? "; swarm went back to the release before, which serves" : "";
  const failed = `service ${declared.name} ${what}${after}`;
  if (culprit === undefined) return { state: "failed", reason: `${failed}: no task was started`, logs: [] };
  const health = await healthOf(docker, culprit);
  return {
    state: "failed",
    reason: `${failed}: ${describeTask(culprit, health.unhealthy)}`,
    logs: [...(await taskLogTail(docker, culprit.ID)), ...health.words],
  };
}

/** What the health checks of a task came to. */
interface TaskHealth {
  /** What those printed that failed. */
  readonly words: readonly string[];
  /** Whether so many failed one after the other, its start left out, that the engine ended it. */
  readonly unhealthy: boolean;
}

/** What the engine takes where an image or a service names none. */
const DEFAULT_RETRIES = 3;
const UNKNOWN: TaskHealth = { words: [], unhealthy: false };

/**
 * The engine's own error does not say why a task was unhealthy. The last check may have met a process that was told to end
 * because of those before: all that failed are quoted.
 */
async function healthOf(docker: Docker, { Status }: Task): Promise<TaskHealth> {
  const id = Status.ContainerStatus?.ContainerID ?? "";
  if (id === "") return UNKNOWN;
  try {
    const { State, Config } = await docker.getContainer(id).inspect();
    const failed = (State.Health?.Log ?? []).filter(({ ExitCode }) => ExitCode !== 0);
    const lines = failed.flatMap(({ Output }) => Output.split("\n")).filter((line) => line.trim() !== "");
    const retries = (Config.Healthcheck as { Retries?: number } | undefined)?.Retries ?? 0;
    return {
      words: [...new Set(lines)].slice(-HEALTH_LINES).map((line) => `health check: ${line}`),
      unhealthy: (State.Health?.FailingStreak ?? 0) >= (retries || DEFAULT_RETRIES),
    };
  } catch (error) {
    // It ran on another node, or has been cleared away.
    if (isNotFound(error)) return UNKNOWN;
    throw error;
  }
}

function describeTask({ Status }: Task, unhealthy: boolean): string {
  if (Status.State === "complete") {
    return unhealthy
      ? "its task was unhealthy, and ended without an error when it was told to"
      : "its task ended without an error, although nobody told it to: a service's process must stay in the foreground";
  }
  const error = Status.Err ?? Status.Message ?? "no error given";
  const exit = Status.ContainerStatus?.ExitCode ?? 0;
  return `its task is ${Status.State}: ${error}${exit !== 0 && !error.includes(String(exit)) ? ` (exit code ${exit})` : ""}`;
}
