import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A resource plugin that an npm package says it needs in the section `pulumi` of its package.json. */
export interface RequiredPlugin {
  readonly name: string;
  readonly version: string;
  readonly server: string | undefined;
  readonly parameterization: Parameterization | undefined;
}

export interface Parameterization {
  readonly name: string;
  readonly version: string;
  readonly value: string;
}

export interface Dependency {
  readonly name: string;
  readonly version: string;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
    readonly parameterization?: Parameterization;
  };
}

/** The plugins that the packages installed for a program need, each name and version once, by name. */
export function requiredPlugins(programDirectory: string): RequiredPlugin[] {
  const plugins = new Map<string, RequiredPlugin>();
  for (const directory of installedPackages(programDirectory)) {
    const text = readText(join(directory, "package.json"));
    // Few of the hundreds of packages are Pulumi's, and parsing all of them would cost each command tens of milliseconds.
    if (!text?.includes('"pulumi"')) continue;
    const manifest = JSON.parse(text) as Manifest;
    if (manifest.pulumi?.resource !== true) continue;
    const { pulumi } = manifest;
    const name = pulumi.name ?? (manifest.name ?? "").replace(/^@pulumi\//, "");
    const version = pulumi.version ?? manifest.version ?? "";
    plugins.set(`${name}@${version}`, {
      name,
      version: version === "" || version.startsWith("v") ? version : `v${version}`,
      server: pulumi.server,
      parameterization: pulumi.parameterization,
    });
  }
  return [...plugins.values()].sort((left, right) => left.name.localeCompare(right.name));
}

/** What the program's package.json names, with installed versions; with `transitive` all that is installed. */
export function programDependencies(programDirectory: string, transitive: boolean): Dependency[] {
  const manifest = nearestManifest(programDirectory);
  const direct = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
  const found = new Map<string, Dependency>();
  for (const directory of installedPackages(programDirectory)) {
    const text = readText(join(directory, "package.json"));
    if (text === undefined) continue;
    const { name, version } = JSON.parse(text) as Manifest;
    if (name === undefined || version === undefined) continue;
    // The outermost of several installed versions is the one that the program itself gets.
    if (!transitive && (!direct.has(name) || found.has(name))) continue;
    found.set(transitive ? `${name}@${version}` : name, { name, version });
  }
  return [...found.values()].sort((left, right) => left.name.localeCompare(right.name));
}

/** Directories of installed packages as Node would find them from the program, nested ones after their parents. */
function* installedPackages(programDirectory: string): Generator<string> {
  for (let directory = programDirectory; ; directory = dirname(directory)) {
    yield* packagesIn(join(directory, "node_modules"));
    if (directory === dirname(directory)) return;
  }
}

function* packagesIn(nodeModules: string): Generator<string> {
  for (const entry of entriesOf(nodeModules)) {
    // A symbolic link is a package of a workspace.
    if (entry.name.startsWith(".") || !(entry.isDirectory() || entry.isSymbolicLink())) continue;
    const directory = join(nodeModules, entry.name);
    if (entry.name.startsWith("@")) {
      yield* packagesIn(directory);
    } else {
      yield directory;
      yield* packagesIn(join(directory, "node_modules"));
    }
  }
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function nearestManifest(programDirectory: string): Manifest {
  for (let directory = programDirectory; ; directory = dirname(directory)) {
    const text = readText(join(directory, "package.json"));
    if (text !== undefined) return JSON.parse(text) as Manifest;
    if (directory === dirname(directory)) return {};
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
