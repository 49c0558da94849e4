import type { Properties, ResourceContext } from "../../framework/provider.ts";
import { type DockerConfig, engineMessage } from "../client.ts";
import { type ProgressMessage, readProgress } from "../progress.ts";
import { pull } from "../pull.ts";
import { type RegistryLogin, registryConfig } from "../registry-auth.ts";
import { packContext, readBuildContext } from "./context.ts";

/** The build of a docker.Image after its check: defaults filled in. */
export interface BuildInputs {
  readonly context: string;
  readonly dockerfile: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly network?: string;
  readonly addHosts?: readonly string[];
  readonly cacheFrom?: { readonly images?: readonly string[] };
}

// What of a failed step's output its error shows.
const SHOWN_LINES = 25;

/** Builds and tags an image; the output shows as status lines. Its failure shows the failing step and its last lines. */
export async function buildImage(
  name: string,
  build: BuildInputs,
  context: ResourceContext<DockerConfig>,
  login: RegistryLogin | undefined,
): Promise<void> {
  const { docker, credentials } = context.config;
  await pullCache(build, context);
  const { archive, dockerfile } = packContext(readBuildContext(build.context, build.dockerfile));
  const logins = login === undefined ? credentials : new Map([...credentials, [login.serveraddress, login] as const]);
  const output = new StepOutput();
  try {
    const stream = await docker.buildImage(archive, {
      ...buildQuery(name, dockerfile, build),
      registryconfig: registryConfig(logins),
      abortSignal: context.signal,
    });
    await readProgress(stream, (message) => {
      for (const line of output.take(message)) context.log("status", line);
    });
  } catch (error) {
    throw new Error(`Building the image "${name}" failed: ${engineMessage(error)}`, { cause: error });
  }
  if (output.error !== undefined) throw new Error(output.failure(name));
}

/** The engine's options for a build. The classic builder (version 1) is what every engine has. */
export function buildQuery(name: string, dockerfile: string, build: BuildInputs): Properties {
  const images = build.cacheFrom?.images ?? [];
  return {
    t: name,
    dockerfile,
    version: "1",
    rm: true,
    forcerm: true,
    ...(build.args === undefined ? {} : { buildargs: build.args }),
    ...(build.target === undefined ? {} : { target: build.target }),
    ...(build.platform === undefined ? {} : { platform: build.platform }),
    ...(build.network === undefined ? {} : { networkmode: build.network }),
    ...(build.addHosts === undefined ? {} : { extrahosts: build.addHosts }),
    ...(images.length === 0 ? {} : { cachefrom: JSON.stringify(images) }),
  };
}

/** Gathers a build's output by steps. */
export class StepOutput {
  error: string | undefined;
  private step = "";
  private lines: string[] = [];
  private partial = "";

  /** The complete lines that a message ends. */
  take(message: ProgressMessage): string[] {
    this.error ??= message.error ?? message.errorDetail?.message;
    if (message.status !== undefined)
      return [message.id === undefined ? message.status : `${message.id}: ${message.status}`];
    const parts = (this.partial + (message.stream ?? "")).split(/\r?\n/);
    this.partial = parts.pop() ?? "";
    const lines = parts.filter((line) => line.trim() !== "");
    for (const line of lines) {
      if (/^Step \d+\/\d+ : /.test(line)) {
        this.step = line;
        this.lines = [];
      } else this.lines.push(line);
    }
    return lines;
  }

  /** What to say when the build failed. */
  failure(name: string): string {
    const where = this.step === "" ? "" : ` in ${this.step}`;
    const lines = [...this.lines, this.partial].filter((line) => line !== "").slice(-SHOWN_LINES);
    const shown = lines.length === 0 ? "" : `\nThe step's last lines:\n${lines.map((line) => `  ${line}`).join("\n")}`;
    return `Building the image "${name}" failed${where}\n${this.error ?? ""}${shown}`;
  }
}

// An image that cannot be had only makes the build slower.
async function pullCache(build: BuildInputs, context: ResourceContext<DockerConfig>): Promise<void> {
  for (const image of build.cacheFrom?.images ?? []) {
    try {
      await pull(image, build.platform, context);
    } catch (error) {
      context.log("warning", `${engineMessage(error)}. The build goes on without this cache`);
    }
  }
}
