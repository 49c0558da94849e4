import path from "node:path";
import type Docker from "dockerode";
import { statusCode } from "../../engine/docker-client.ts";
import type { Check, Finding } from "./check.ts";
import { runningTasks } from "./running-tasks.ts";

/** A process of a container, as the engine's `ps` tells it. */
export interface ContainerProcess {
  readonly pid: number;
  readonly parent: number;
  /** Signals that it handles: bit n - 1 for signal n. */
  readonly caught: bigint;
  /** Program and arguments. */
  readonly command: string;
}

const SHELLS = /^(?:ba|da|a|z|k)?sh$|^busybox$/;
const INITS = /^(?:docker-init|tini|dumb-init)$/;
const TERMINATE = 1n << 14n;
const COLUMNS = ["pid", "ppid", "caught", "args"];

/** A shell that was not told otherwise ends at once when it is told to stop, and its command with it, whatever it is at. */
export const releaseStopSignal: Check = {
  id: "release.stop-signal",
  title: "what a task runs is told when the task must stop",
  cause: "A command that a shell starts and waits for: shells hand no signal on.",
  consequence: "At each deployment the process is cut off in what it does: requests are lost, batches half done.",
  remedy: "Start it without a shell, put exec before it, or have the script trap TERM and hand it on.",
  run: async (environment) =>
    (await Promise.all(environment.services.map(({ name }) => judge(environment.engine, name)))).flat(),
};

async function judge(engine: Docker, service: string): Promise<Finding[]> {
  // A script that still prepares its command, or is on its way out, need not hear of it.
  const tasks = await runningTasks(engine, service);
  const containers = tasks.map(({ container }) => container).filter((id) => id !== "");
  const shells = await Promise.all(containers.map(async (id) => await shellsOf(engine, id)));
  const [first] = shells.flat();
  return first === undefined
    ? []
    : [{ expected: `${service} without a shell before its command`, seen: `${first}, which hands no SIGTERM on` }];
}

/** @returns none where the container has ended meanwhile, or is on another node */
async function shellsOf(engine: Docker, id: string): Promise<string[]> {
  const container = engine.getContainer(id);
  try {
    const [{ State }, told] = await Promise.all([
      container.inspect(),
      container.top({ ps_args: `-eo ${COLUMNS.join(",")}` }) as Promise<{ Processes: string[][] | null }>,
    ]);
    const processes = (told.Processes ?? []).map(([pid, parent, caught = "0", command = ""]) => ({
      pid: Number(pid),
      parent: Number(parent),
      caught: BigInt(`0x${caught}`),
      command,
    }));
    return deafShells(processes, State.Pid);
  } catch (error) {
    if ([404, 409].includes(statusCode(error) ?? 0)) return [];
    throw error;
  }
}

/**
 * Shells between a container's first process and its command, that wait for what they have started and do not handle SIGTERM.
 * What a command itself starts in a shell, and health checks, which the engine starts, are none.
 *
 * @param main pid of the container's first process
 */
export function deafShells(processes: readonly ContainerProcess[], main: number): string[] {
  const first = processes.find(({ pid }) => pid === main);
  if (first === undefined) return [];
  const childrenOf = ({ pid }: ContainerProcess) => processes.filter(({ parent }) => parent === pid);
  // The runtime layer starts the command; where there is an init, that starts the runtime layer.
  const started = INITS.test(programOf(first)) ? childrenOf(first) : [first];
  return [...started, ...started.flatMap(childrenOf)]
    .filter((process) => SHELLS.test(programOf(process)) && (process.caught & TERMINATE) === 0n)
    .filter((shell) => childrenOf(shell).length > 0)
    .map(({ command }) => command);
}

/** A script's own name says nothing of what runs it. */
function programOf({ command }: ContainerProcess): string {
  return path.posix.basename(command.split(" ")[0] ?? "").replace(/^-/, "");
}
