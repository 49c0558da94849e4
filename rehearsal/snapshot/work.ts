import type Docker from "dockerode";
import { isAbandoned } from "../../engine/temporary.ts";

/** Marks what exists only while a snapshot is being made; its value says by which process. */
export const WORK_LABEL = "rehearsal.snapshot.work";

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

function ignored(): void {
  // Somebody else removed it first.
}
