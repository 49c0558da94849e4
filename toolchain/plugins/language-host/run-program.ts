import { createRequire } from "node:module";
import { join } from "node:path";
import type { RunRequest } from "@pulumi/pulumi/proto/language_pb.js";
import { type Ended, startChild } from "./child.ts";
import { type RuntimeOptions, runtimeOptions } from "./options.ts";

// The SDK's way to say that the program's error has been shown already.
const ERROR_WAS_SHOWN = 32;

/** How one run of the program ended: well, with an error that was shown, or with one that the CLI has to show. */
export type RunResult = { readonly bail: boolean } | { readonly error: string };

export interface RunSettings {
  readonly engine: string;
  readonly compileCache: string;
  readonly signal: AbortSignal;
}

/** Runs the program in a process of its own; what it writes goes to this process's output, which the CLI shows. */
export async function runProgram(request: RunRequest, settings: RunSettings): Promise<RunResult> {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() ?? request.getPwd();
  const options = runtimeOptions(info?.getOptions()?.toJavaScript() ?? {});
  const runner = resolveRunner(directory);
  if (runner === undefined) {
    return {
      error: `The package @pulumi/pulumi is not installed for the program in ${directory}. Run: npm install`,
    };
  }
  if (request.getAttachDebugger()) {
    return { error: "This stand-in of the Node language host attaches no debugger. Use nodeargs: --inspect-brk" };
  }
  const { ended } = startChild(
    process.execPath,
    [...options.nodeArgs, runner, ...runnerArguments(request, directory, settings.engine)],
    {
      cwd: directory,
      env: programEnvironment(request, options, settings.compileCache),
      stdio: ["ignore", "inherit", "inherit"],
    },
    settings.signal,
  );
  return resultOf(await ended);
}

/** What the exit of the program's process means. */
export function resultOf({ code, signal }: Ended): RunResult {
  if (code === 0) return { bail: false };
  if (code === ERROR_WAS_SHOWN) return { bail: true };
  if (code !== null) return { error: `Program exited with non-zero exit code: ${code}` };
  return { error: `Program was ended by ${signal ?? "a signal"}` };
}

/** The arguments of the SDK's runner, `@pulumi/pulumi/cmd/run`. */
export function runnerArguments(request: RunRequest, directory: string, engine: string): string[] {
  const entryPoint = request.getInfo()?.getEntryPoint() ?? "";
  const flags: [string, string][] = [
    ["--monitor", request.getMonitorAddress()],
    ["--engine", engine],
    ["--organization", request.getOrganization()],
    ["--project", request.getProject()],
    ["--root-directory", request.getInfo()?.getRootDirectory() ?? directory],
    ["--stack", request.getStack()],
    ["--pwd", request.getPwd()],
    ["--parallel", String(request.getParallel())],
  ];
  return [
    ...flags.filter(([, value]) => value !== "").flat(),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    // The runner reads package.json's entry point where the program is ".".
    entryPoint === "" || entryPoint === "." ? "." : join(directory, entryPoint),
    ...request.getArgsList(),
  ];
}

function programEnvironment(request: RunRequest, options: RuntimeOptions, compileCache: string): NodeJS.ProcessEnv {
  return {
    NODE_COMPILE_CACHE: compileCache,
    ...process.env,
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript),
    ...(options.tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig }),
  };
}

function resolveRunner(directory: string): string | undefined {
  try {
    return createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    return undefined;
  }
}
