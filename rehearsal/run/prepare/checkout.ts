import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

/** The sources that the project's folder in the image is made from. */
export interface Checkout {
  readonly folder: string;
  /** Whether it has a file of that path: as a source where git knows, and else as a file. */
  readonly has: (file: string) => boolean;
}

const GIT_BYTES = 64 * 1024 * 1024;

/**
 * Finds the folder of a checkout that is as the one in the image: a Dockerfile of the project's own may copy another one.
 *
 * @param source folder of the project
 * @param files of the image
 */
export function checkoutOf(source: string, files: readonly string[]): Checkout {
  const names = sourceFiles(source);
  const there = new Set(names);
  const ways = new Map([["+", files.filter((file) => there.has(file)).length], ...shifts(files, names)]);
  const [[most] = ["+"]] = [...ways].filter(([way]) => way.startsWith("+")).sort(([, one], [, other]) => other - one);
  const prefix = most.slice(1);
  const folder = path.join(source, prefix);
  return { folder, has: (file) => there.has(`${prefix}${file}`) && existsSync(path.join(folder, file)) };
}

/**
 * By which folders files are further down (`+src/`) or up (`-src/`) among others, and how many of them.
 */
export function shifts(files: readonly string[], among: readonly string[]): Map<string, number> {
  const byName = Map.groupBy(among, (file) => path.posix.basename(file));
  const times = new Map<string, number>();
  for (const file of files) {
    for (const other of byName.get(path.posix.basename(file)) ?? []) {
      const way = wayOf(file, other);
      if (way !== undefined) times.set(way, (times.get(way) ?? 0) + 1);
    }
  }
  return times;
}

function wayOf(file: string, other: string): string | undefined {
  if (other.endsWith(`/${file}`)) return `+${other.slice(0, -file.length)}`;
  return file.endsWith(`/${other}`) ? `-${file.slice(0, -other.length)}` : undefined;
}

function sourceFiles(source: string): string[] {
  const tracked = trackedFiles(source);
  if (tracked.length > 0 || !existsSync(source)) return tracked;
  return readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(source, path.join(entry.parentPath, entry.name)));
}

/** Empty where the folder is of no repository, or there is no git. */
function trackedFiles(source: string): string[] {
  try {
    const names = execFileSync("git", ["-C", source, "ls-files", "-z"], {
      encoding: "utf8",
      maxBuffer: GIT_BYTES,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return names.split("\0").filter((name) => name !== "");
  } catch {
    return [];
  }
}
