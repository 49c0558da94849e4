import { readFileSync } from "node:fs";
import os from "node:os";
import type Docker from "dockerode";

/** Marks what exists only while a snapshot is being made; its value says by which process. */
export const WORK_LABEL = "rehearsal.snapshot.work";

interface Maker {
  readonly host: string;
  readonly pid: number;
  /** When the process started: numbers of processes are used again. */
  readonly started: string;
}

/** After so long the work of another machine, whose processes cannot be seen from here, counts as given up. */
const OTHER_HOST_SECONDS = 6 * 3600;

/** The value of the label for this process. */
export function thisMaker(): string {
  const maker: Maker = { host: os.hostname(), pid: process.pid, started: startOf(process.pid) ?? "" };
  return JSON.stringify(maker);
}

/**
 * Removes what the makers of snapshots left behind that were killed: containers, and images that never got a name.
 *
 * @returns what was removed
 */
export async function removeAbandoned(docker: Docker): Promise<string[]> {
  const removed: string[] = [];
  const containers = await docker.listContainers({ all: true, filters: { label: [WORK_LABEL] } });
  for (const { Id, Names, Labels, Created } of containers) {
    // Empty in the image of a snapshot, from which its clones have it.
    if (!isAbandoned(Labels[WORK_LABEL] ?? "", Created)) continue;
    await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignored);
    removed.push(`container ${Names[0]?.slice(1) ?? Id.slice(0, 12)}`);
  }
  const images = await docker.listImages({ filters: { dangling: ["true"], label: [WORK_LABEL] } });
  for (const { Id, Created } of images) {
    const { Author } = await docker.getImage(Id).inspect();
    if (!isAbandoned(Author, Created)) continue;
    await docker.getImage(Id).remove().catch(ignored);
    removed.push(`image ${Id.slice(7, 19)}`);
  }
  return removed;
}

function isAbandoned(note: string, created: number): boolean {
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

function ignored(): void {
  // Somebody else removed it first.
}
