import { type ChildProcess, execFile, spawn } from "node:child_process";
import { constants, existsSync } from "node:fs";
import { chmod, copyFile, link, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const checkout = join(import.meta.dirname, "..", "..", "..");
const run = promisify(execFile);

export interface CliResult {
  readonly code: number;
  /** Standard output, then standard error. */
  readonly output: string;
}

/** A Pulumi project in a directory of its own, with a stack, run by the real CLI on the stand-ins of this checkout. */
export interface CliProject {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
  /** Replaces the program. The text is an ES module in TypeScript. */
  program(text: string): Promise<void>;
  /** Runs `pulumi ARGS` and returns however it ends. */
  pulumi(...args: string[]): Promise<CliResult>;
  /** Runs `pulumi ARGS` and throws, with all that it printed, unless it succeeds. Returns what it printed. */
  succeed(...args: string[]): Promise<string>;
  /** Starts `pulumi ARGS` and leaves it running. */
  start(...args: string[]): ChildProcess;
  /** The stack's outputs, secrets shown. */
  outputs(): Promise<Record<string, unknown>>;
  /** The stack's state as it is stored. */
  state(): Promise<StackState>;
  remove(): Promise<void>;
}

export interface StackState {
  readonly text: string;
  readonly resources: readonly {
    readonly urn: string;
    readonly type: string;
    readonly id?: string;
    readonly inputs?: Readonly<Record<string, unknown>>;
    readonly outputs?: Readonly<Record<string, unknown>>;
  }[];
}

/** The name and version of a plugin as the checkout's npm package asks for it. */
export interface PluginName {
  readonly name: string;
  readonly version: string;
}

/** Makes a project that knows only the named plugins of `toolchain/plugins/`; `environment` is the program's too. */
export async function createCliProject(
  plugins: readonly PluginName[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CliProject> {
  const root = await mkdtemp(join(await realpath(tmpdir()), "rehearsal-plugins-"));
  const bin = join(root, "bin");
  const home = join(root, "home");
  const directory = join(root, "project");
  await Promise.all([bin, home, directory, join(root, "state")].map((path) => mkdir(path, { recursive: true })));
  // The CLI looks for its language host in the directory that its own file really is in.
  await linkOrCopy(await pulumiExecutable(), join(bin, "pulumi"));
  await launcher(join(bin, "pulumi-language-nodejs"), "language-host");
  for (const { name, version } of plugins) {
    const folder = join(home, "plugins", `resource-${name}-v${version}`);
    await mkdir(folder, { recursive: true });
    await launcher(join(folder, `pulumi-resource-${name}`), name);
  }
  await symlink(join(checkout, "node_modules"), join(directory, "node_modules"));
  await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module", main: "index.ts" }));
  await writeFile(
    join(directory, "Pulumi.yaml"),
    "name: plugins\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n    packagemanager: npm\n",
  );

  const env = {
    ...(process.env as Record<string, string>),
    PATH: [bin, process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_HOME: home,
    PULUMI_BACKEND_URL: `file://${join(root, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_CONFIG_PASSPHRASE_FILE: "",
    PULUMI_SKIP_UPDATE_CHECK: "1",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    NODE_COMPILE_CACHE: join(checkout, ".toolchain", "cache", "node-compile"),
    ...environment,
  };
  const flags = ["--non-interactive", "--color", "never"];
  const pulumi = async (...args: string[]): Promise<CliResult> => {
    try {
      const { stdout, stderr } = await run(join(bin, "pulumi"), [...args, ...flags], {
        cwd: directory,
        env,
        maxBuffer: 1 << 26,
      });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const failed = error as { code?: unknown; stdout?: string; stderr?: string };
      if (typeof failed.code !== "number") throw error;
      return { code: failed.code, output: (failed.stdout ?? "") + (failed.stderr ?? "") };
    }
  };
  const succeed = async (...args: string[]): Promise<string> => {
    const { code, output } = await pulumi(...args);
    if (code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${code}:\n${output}`);
    return output;
  };
  await succeed("stack", "init", "test");
  return {
    directory,
    env,
    program: (text) => writeFile(join(directory, "index.ts"), text),
    pulumi,
    succeed,
    start: (...args) => spawn(join(bin, "pulumi"), [...args, ...flags], { cwd: directory, env, stdio: "ignore" }),
    outputs: async () =>
      JSON.parse(await succeed("stack", "output", "--json", "--show-secrets")) as Record<string, unknown>,
    state: async () => {
      const text = await succeed("stack", "export");
      const { deployment } = JSON.parse(text) as { deployment: { resources?: StackState["resources"] } };
      return { text, resources: deployment.resources ?? [] };
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** The CLI that the set-up made, or the one that TEST_PULUMI_CLI names. */
async function pulumiExecutable(): Promise<string> {
  const path = process.env["TEST_PULUMI_CLI"] ?? join(checkout, ".toolchain", "bin", "pulumi");
  if (!existsSync(path)) throw new Error(`There is no Pulumi CLI at ${path}. Run the set-up: npm test`);
  return realpath(path);
}

async function launcher(path: string, plugin: string): Promise<void> {
  const main = join(checkout, "toolchain", "plugins", plugin, "main.ts");
  await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  await chmod(path, 0o755);
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    // Another file system, or a kernel that protects hard links.
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
