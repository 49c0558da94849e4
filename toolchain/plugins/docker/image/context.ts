import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import path from "node:path";
import ignoreModule from "@balena/dockerignore";
import tarFs from "tar-fs";

// The package is the function itself; its types say that it is a member named `default`.
const dockerignore = ignoreModule as unknown as typeof ignoreModule.default;

/** The files that a build sees. */
export interface BuildContext {
  /** The context's folder. */
  readonly folder: string;
  readonly dockerfile: string;
  /** The Dockerfile's path from the context, with slashes; begins with `../` when it lies outside. */
  readonly relativeDockerfile: string;
  /** Paths from the context, sorted: files, links, and the folders that lead to them. */
  readonly entries: ReadonlyMap<string, Stats>;
  /** The content of the ignore file that counts; undefined when there is none. */
  readonly ignoreRules: string | undefined;
}

/**
 * Lists a build context: what the ignore file leaves, and the Dockerfile. `<Dockerfile>.dockerignore` counts before
 * the context's `.dockerignore`.
 */
export function readBuildContext(folder: string, dockerfile: string): BuildContext {
  if (!existsSync(folder) || !lstatSync(path.join(folder, ".")).isDirectory()) {
    throw new Error(`The build context must be a folder; found none at "${folder}" (from ${process.cwd()})`);
  }
  const relativeDockerfile = path.relative(folder, dockerfile).split(path.sep).join("/");
  const ignoreRules = [`${dockerfile}.dockerignore`, path.join(folder, ".dockerignore")]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "utf8"))[0];
  const matcher = dockerignore().add(ignoreRules ?? "");
  const exceptions = /^\s*!/m.test(ignoreRules ?? "");
  const entries = new Map<string, Stats>();
  const visit = (prefix: string): boolean => {
    let found = false;
    for (const name of readdirSync(path.join(folder, prefix)).sort()) {
      const relative = prefix === "" ? name : `${prefix}/${name}`;
      const stat = lstatSync(path.join(folder, relative));
      const ignored = matcher.ignores(relative) && relative !== relativeDockerfile;
      if (stat.isDirectory()) {
        const leads = exceptions || !ignored || relativeDockerfile.startsWith(`${relative}/`);
        const before = new Map(entries);
        entries.set(relative, stat);
        if ((leads && visit(relative)) || !ignored) found = true;
        else restore(entries, before);
      } else if (!ignored && (stat.isFile() || stat.isSymbolicLink())) {
        entries.set(relative, stat);
        found = true;
      }
    }
    return found;
  };
  visit("");
  return { folder, dockerfile, relativeDockerfile, entries, ignoreRules };
}

/** A hash of all that a build of the context depends on: names, modes and contents of its files, and the Dockerfile. */
export function contextDigest(context: BuildContext): string {
  const hash = createHash("sha256");
  const add = (name: string, mode: string, content: string | Buffer): void => {
    hash.update(`${name}\0${mode}\0`).update(createHash("sha256").update(content).digest());
  };
  add("Dockerfile", "", readFileSync(context.dockerfile));
  for (const [name, stat] of context.entries) {
    const file = path.join(context.folder, name);
    if (stat.isSymbolicLink()) add(name, "link", readlinkSync(file));
    else if (stat.isFile()) add(name, (stat.mode & 0o7777).toString(8), readFileSync(file));
  }
  return hash.digest("hex");
}

/** The context as the engine takes it, and the Dockerfile's name in it. Owner and group are root, as Docker's own client sends them. */
export function packContext(context: BuildContext): {
  readonly archive: NodeJS.ReadableStream;
  readonly dockerfile: string;
} {
  const outside = context.relativeDockerfile.startsWith("../");
  const content = readFileSync(context.dockerfile);
  // The name must not change between builds of the same content, or the builder's cache would be of no use.
  const copied = `.dockerfile.${createHash("sha256").update(content).digest("hex").slice(0, 20)}`;
  // The engine applies the `.dockerignore` that it is sent once more; the rules sent are those that count here.
  const rules = [context.ignoreRules, ...(outside ? [".dockerignore", copied] : [])].filter(
    (rule) => rule !== undefined,
  );
  const archive = tarFs.pack(context.folder, {
    strict: false,
    ignore: (file) => {
      const name = path.relative(context.folder, file).split(path.sep).join("/");
      return name !== "" && (name === ".dockerignore" || !context.entries.has(name));
    },
    map: (header) => {
      const stat = context.entries.get(header.name);
      return { ...header, uid: 0, gid: 0, ...(stat === undefined ? {} : { mode: stat.mode & 0o7777 }) };
    },
    finalize: false,
    finish: (pack) => {
      if (outside) pack.entry({ name: copied, mode: 0o600 }, content);
      if (rules.length > 0) pack.entry({ name: ".dockerignore", mode: 0o644 }, `${rules.join("\n")}\n`);
      pack.finalize();
    },
  });
  return {
    archive: archive as unknown as NodeJS.ReadableStream,
    dockerfile: outside ? copied : context.relativeDockerfile,
  };
}

function restore(entries: Map<string, Stats>, before: ReadonlyMap<string, Stats>): void {
  for (const name of entries.keys()) if (!before.has(name)) entries.delete(name);
}
