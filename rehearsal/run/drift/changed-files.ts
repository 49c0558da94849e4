import path from "node:path";
import type { Finding } from "../../finding.ts";

/** A path that differs from the image, as the engine tells it. */
export interface FileChange {
  readonly Path: string;
  /** 0: changed, 1: added, 2: removed. */
  readonly Kind: number;
}

/** Where the engine itself puts files: the init process, and what every container is given. */
const ENGINE_FILES = [
  "/usr/sbin/docker-init",
  "/sbin/docker-init",
  "/dev",
  "/etc/hosts",
  "/etc/hostname",
  "/etc/resolv.conf",
  "/etc/mtab",
  "/.dockerenv",
  "/run/secrets",
];
const WORDS = ["changed", "added", "removed"];
const QUOTED = 12;

/**
 * The paths that somebody changed in a container. A folder counts only where nothing in it does.
 *
 * @param expected paths that are mounted or written by what is declared, with all that is below them
 */
export function changedFiles(changes: readonly FileChange[], expected: readonly string[]): FileChange[] {
  const known = [...ENGINE_FILES, ...expected];
  const parents = new Set(changes.map(({ Path }) => path.posix.dirname(Path)));
  return changes.filter(
    ({ Path }) =>
      !parents.has(Path) &&
      !known.some((one) => Path === one || Path.startsWith(`${one}/`) || one.startsWith(`${Path}/`)),
  );
}

/** What was changed by hand in one container. */
export function changedFilesFinding(container: string, changes: readonly FileChange[]): Finding[] {
  const [first] = changes;
  if (first === undefined) return [];
  const more = changes.length > 1 ? ` and ${changes.length - 1} more` : "";
  return [
    {
      id: "drift.changed-file",
      severity: "blocking",
      subject: `container ${container}, ${first.Path}${more}`,
      cause: `declared is the image's file system, found is ${first.Path} ${WORDS[first.Kind] ?? "changed"}${more}: files were edited in the container`,
      consequence: "The change is in no image and no other environment; it is lost when the task is replaced.",
      remedy:
        "Make the change in the sources and deploy it, or start the task anew: docker service update --force SERVICE",
      evidence: changes.slice(0, QUOTED).map(({ Path, Kind }) => `${WORDS[Kind] ?? "changed"}: ${Path}`),
    },
  ];
}
