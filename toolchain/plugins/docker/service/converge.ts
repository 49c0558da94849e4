import type { ResourceContext } from "../../framework/provider.ts";
import type { DockerConfig } from "../client.ts";
import { demultiplexed } from "../container/logs.ts";
import { nanoseconds } from "../durations.ts";
import { poll } from "../polling.ts";
import type { EngineService, EngineTask } from "./engine-types.ts";
import type { ServiceInputs } from "./properties.ts";

type Context = ResourceContext<DockerConfig>;

const POLL_INTERVAL_MS = 500;
const SHOWN_LOG_LINES = 25;

/** Waits until all of a service's tasks run and an update of it has come to its end. Rejects with what the tasks said. */
export async function converge(id: string, inputs: ServiceInputs, context: Context): Promise<void> {
  const { docker } = context.config;
  const timeout = inputs.convergeConfig?.timeout ?? "3m";
  let steady = 0;
  const outcome = await poll(
    async () => {
      const service = (await docker.getService(id).inspect()) as EngineService;
      const failure = updateFailure(service);
      if (failure !== undefined) return failure;
      const running = runningTasks(await tasksOf(id, context));
      const wanted = service.Spec.Mode.Replicated?.Replicas ?? running;
      const updating = service.UpdateStatus?.State === "updating" || service.UpdateStatus?.State === "rollback_started";
      // Right after a request swarm has not yet begun with it, so that the old tasks look like the new ones.
      steady = !updating && running === wanted ? steady + 1 : 0;
      context.log("status", `${running} of ${wanted} tasks are running`);
      return steady >= 2 ? "" : undefined;
    },
    { intervalMs: POLL_INTERVAL_MS, timeoutMs: nanoseconds(timeout) / 1e6, signal: context.signal },
  );
  if (outcome === "") return;
  const reason = outcome ?? `not all of its tasks run after ${timeout} (convergeConfig.timeout)`;
  throw new Error(`The service "${inputs.name}" did not converge: ${reason}${await taskWords(id, context)}`);
}

function updateFailure(service: EngineService): string | undefined {
  const { State, Message } = service.UpdateStatus ?? {};
  const failed: Readonly<Record<string, string>> = {
    paused: "its update is paused",
    rollback_completed: "it was rolled back",
    rollback_paused: "its rollback is paused",
  };
  const what = failed[State ?? ""];
  return what === undefined ? undefined : `${what} (${Message ?? "the engine gives no reason"})`;
}

function runningTasks(tasks: readonly EngineTask[]): number {
  return tasks.filter((task) => task.DesiredState === "running" && task.Status.State === "running").length;
}

async function tasksOf(id: string, context: Context): Promise<EngineTask[]> {
  return (await context.config.docker.listTasks({ filters: JSON.stringify({ service: [id] }) })) as EngineTask[];
}

/** The newest failed task's error and the service's last log lines. */
async function taskWords(id: string, context: Context): Promise<string> {
  const tasks = (await tasksOf(id, context)).filter((task) => (task.Status.Err ?? "") !== "");
  tasks.sort((a, b) => ((a.Status.Timestamp ?? "") < (b.Status.Timestamp ?? "") ? 1 : -1));
  const error = tasks[0]?.Status.Err;
  const said = error === undefined ? "" : `\nThe last failed task says: ${error}`;
  try {
    const options = { stdout: true, stderr: true, follow: false, tail: SHOWN_LOG_LINES } as const;
    const raw = (await context.config.docker.getService(id).logs(options)) as unknown as Buffer;
    const lines = demultiplexed(raw)
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-SHOWN_LOG_LINES);
    return lines.length === 0 ? said : `${said}\nIts last log lines:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  } catch {
    // Some log drivers cannot be read; the failure itself counts.
    return said;
  }
}
