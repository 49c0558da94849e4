import { statfs } from "node:fs/promises";
import type Docker from "dockerode";

/**
 * The data stand in the container that is filled and in the image that is made of it, or in the image and in the clone
 * that tries it: twice, and a little for indexes that are built.
 */
const COPIES = 2.2;
const SPARE = 256 * 1024 ** 2;

/**
 * Checks that a copy of so many bytes fits the engine's disk, where that is a disk of this machine.
 *
 * @param free gives the bytes that are free at a path, or undefined where the path is not of this machine
 * @throws Error with what is needed and what is free
 */
export async function checkDiskSpace(docker: Docker, bytes: number, free = freeBytes): Promise<void> {
  const { DockerRootDir: root } = (await docker.info()) as { DockerRootDir: string };
  const available = await free(root);
  const needed = bytes * COPIES + SPARE;
  if (available === undefined || available >= needed) return;
  throw new Error(
    `the engine's disk must have ${gigabytes(needed)} free at ${root} for a source of ${gigabytes(bytes)}; found ` +
      `${gigabytes(available)}. Free some with: npx rehearse snapshot prune --keep 1; docker image prune`,
  );
}

/** A size for people. */
export function gigabytes(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  return `${Math.ceil(bytes / 1024 ** 2)} MB`;
}

async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
