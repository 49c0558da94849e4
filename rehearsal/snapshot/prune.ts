import type Docker from "dockerode";
import { removeAbandoned as removeTemporary } from "../../engine/temporary.ts";
import { removeImage } from "./commit-image.ts";
import { listSnapshots, type Snapshot } from "./snapshot-image.ts";
import { removeAbandoned } from "./work.ts";

/** What pruning does with the snapshots of a project. */
export interface Pruned {
  readonly removed: readonly Snapshot[];
  readonly kept: readonly { readonly snapshot: Snapshot; readonly reason: string }[];
  /** What interrupted commands had left, by name. */
  readonly abandoned: readonly string[];
}

/**
 * Removes the snapshots of a project but for the newest ones and those that a container uses.
 *
 * @param keep how many of the newest stay
 * @param dryRun only says what would be removed
 */
export async function pruneSnapshots(docker: Docker, project: string, keep: number, dryRun: boolean): Promise<Pruned> {
  const abandoned = dryRun ? [] : [...(await removeAbandoned(docker)), ...(await removeTemporary(docker))];
  const inUse = new Set((await docker.listContainers({ all: true })).map(({ ImageID }) => ImageID));
  const removed: Snapshot[] = [];
  const kept: { snapshot: Snapshot; reason: string }[] = [];
  for (const [index, snapshot] of (await listSnapshots(docker, project)).entries()) {
    if (index < keep) kept.push({ snapshot, reason: "one of the newest" });
    else if (inUse.has(snapshot.imageId)) kept.push({ snapshot, reason: "in use by a container" });
    else {
      if (!dryRun) await removeImage(docker, snapshot.image);
      removed.push(snapshot);
    }
  }
  return { removed, kept, abandoned };
}
