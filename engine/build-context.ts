import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import dockerignoreModule from "@balena/dockerignore";

/** Characters of a content hash in an image's tag. */
const TAG_LENGTH = 12;

/** A name for content: the same parts give the same tag, on every machine. */
export function contentTag(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, TAG_LENGTH);
}

/**
 * Hashes what a build of `folder` would see: names, modes' executable bit and contents of all files that its
 * `.dockerignore` lets through.
 *
 * @throws Error when the folder does not exist
 */
export function folderHash(folder: string): string {
  const hash = createHash("sha256");
  for (const file of contextFiles(folder)) {
    const full = path.join(folder, file);
    const stat = lstatSync(full);
    const content = stat.isSymbolicLink() ? readlinkSync(full) : readFileSync(full);
    hash.update(`${file}\0${stat.mode & 0o111 ? "x" : "-"}\0`).update(createHash("sha256").update(content).digest());
  }
  return hash.digest("hex");
}

/**
 * The files of a build context, by their paths in it: those that its `.dockerignore` lets through.
 *
 * @throws Error when the folder does not exist
 */
export function contextFiles(folder: string): string[] {
  if (!existsSync(folder)) throw new Error(`build context ${folder} must be an existing folder; found nothing there.`);
  const ignoreFile = path.join(folder, ".dockerignore");
  const ignore = dockerignoreModule.default().add(existsSync(ignoreFile) ? readFileSync(ignoreFile, "utf8") : "");
  return filesBelow(folder, "").filter((name) => !ignore.ignores(name));
}

function filesBelow(folder: string, prefix: string): string[] {
  return readdirSync(path.join(folder, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = path.posix.join(prefix, entry.name);
      return entry.isDirectory() ? filesBelow(folder, name) : [name];
    });
}
