import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type Docker from "dockerode";
import { isNotFound, statusCode } from "./docker-client.ts";

/** Label of everything that one run of a command makes on the engine and removes when it ends. */
const TEMPORARY_LABEL = "rehearsal.temporary";
/** How long something whose maker ran on another machine is left alone. */
const FOREIGN_HOURS = 2;

/**
 * Labels for what this process removes before it ends. They name the process, so that what a killed one left behind can
 * be told from what another one is using.
 */
export function temporaryLabels(): Record<string, string> {
  return { [TEMPORARY_LABEL]: `${hostname()} ${process.pid} ${startTime(process.pid) ?? ""}` };
}

/** Removes containers and networks that a killed process left on the engine; gives their names. */
export async function removeAbandoned(docker: Docker): Promise<string[]> {
  const removed: string[] = [];
  const filters = { label: [TEMPORARY_LABEL] };
  for (const container of await docker.listContainers({ all: true, filters })) {
    if (!isAbandoned(container.Labels, container.Created)) continue;
    await ignoreGone(docker.getContainer(container.Id).remove({ force: true, v: true }));
    removed.push(container.Names[0]?.slice(1) ?? container.Id);
  }
  for (const network of await docker.listNetworks({ filters })) {
    if (!isAbandoned(network.Labels ?? {}, Date.parse(network.Created) / 1000)) continue;
    await ignoreGone(docker.getNetwork(network.Id).remove());
    removed.push(network.Name);
  }
  return removed;
}

function isAbandoned(labels: Record<string, string>, createdSeconds: number): boolean {
  const [host, pid, started] = (labels[TEMPORARY_LABEL] ?? "").split(" ");
  if (host !== hostname()) return Date.now() / 1000 - createdSeconds > FOREIGN_HOURS * 3600;
  return startTime(Number(pid)) !== started;
}

/** When a process started, in ticks since the machine did: with its number it names a process for good. */
function startTime(pid: number): string | undefined {
  try {
    // The command's name, in parentheses, may hold blanks; the start time is the twentieth field after it.
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
  } catch {
    return undefined;
  }
}

async function ignoreGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    // 409: another process removes it at this moment, or a container is still attached and goes with it.
    if (!isNotFound(error) && statusCode(error) !== 409) throw error;
  }
}
