import { readFileSync } from "node:fs";
import os from "node:os";
import type Docker from "dockerode";
import { isNotFound, statusCode } from "./docker-client.ts";

/** Label of everything that one run of a command makes on the engine and removes when it ends. */
const TEMPORARY_LABEL = "rehearsal.temporary";
/** After so long the work of another machine, whose processes cannot be seen from here, counts as given up. */
const OTHER_HOST_SECONDS = 6 * 3600;

interface Maker {
  readonly host: string;
  readonly pid: number;
  /** When the process started: numbers of processes are used again. */
  readonly started: string;
}

/**
 * Labels for what this process removes before it ends. They name the process, so that what a killed one left behind can
 * be told from what another one is using.
 */
export function temporaryLabels(): Record<string, string> {
  return { [TEMPORARY_LABEL]: thisMaker() };
}

/** Names this process for good: a later one may have its number. */
export function thisMaker(): string {
  const maker: Maker = { host: os.hostname(), pid: process.pid, started: startOf(process.pid) ?? "" };
  return JSON.stringify(maker);
}

/**
 * Whether the process that `thisMaker` named has ended, so that what it made is nobody's any more.
 *
 * @param created when the thing was made, in seconds since 1970
 */
export function isAbandoned(note: string, created: number): boolean {
  if (note === "") return false;
  let maker: Maker;
  try {
    maker = JSON.parse(note) as Maker;
  } catch {
    return false;
  }
  if (maker.host !== os.hostname()) return Date.now() / 1000 - created > OTHER_HOST_SECONDS;
  return startOf(maker.pid) !== maker.started;
}

/** Removes containers and networks that a killed process left on the engine; gives their names. */
export async function removeAbandoned(docker: Docker): Promise<string[]> {
  const removed: string[] = [];
  const filters = { label: [TEMPORARY_LABEL] };
  for (const container of await docker.listContainers({ all: true, filters })) {
    if (!isAbandoned(container.Labels[TEMPORARY_LABEL] ?? "", container.Created)) continue;
    await ignoreGone(docker.getContainer(container.Id).remove({ force: true, v: true }));
    removed.push(container.Names[0]?.slice(1) ?? container.Id);
  }
  for (const network of await docker.listNetworks({ filters })) {
    if (!isAbandoned(network.Labels?.[TEMPORARY_LABEL] ?? "", Date.parse(network.Created) / 1000)) continue;
    await ignoreGone(docker.getNetwork(network.Id).remove());
    removed.push(network.Name);
  }
  return removed;
}

/** When a process started, as the system counts it; undefined where there is none. */
function startOf(pid: number): string | undefined {
  if (process.platform !== "linux") {
    try {
      process.kill(pid, 0);
      return "";
    } catch {
      return undefined;
    }
  }
  try {
    // The name in the second field may hold anything; after its last bracket fields are separated by spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function ignoreGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    // 409: another process removes it at this moment. 403: a container that is about to go is still on the network.
    if (!isNotFound(error) && ![403, 409].includes(statusCode(error) ?? 0)) throw error;
  }
}
