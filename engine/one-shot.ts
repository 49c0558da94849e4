import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { isNotFound, statusCode } from "./docker-client.ts";
import { lineWriter } from "./lines.ts";

/** A command that runs once in a container of its own. */
export interface OneShot {
  /** Name of the container: unique on the engine, so that a second run finds a first that is still at work. */
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Variables in clear; they show in `docker inspect`. */
  readonly environment: Readonly<Record<string, string>>;
  /** Written to standard input as one JSON object, so that they are neither on disk nor in `docker inspect`. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Networks by name; without one the container reaches nothing. */
  readonly networks: readonly string[];
  readonly memoryBytes: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** How a one-shot command ended. */
export interface OneShotResult {
  readonly exitCode: number;
  /** The last lines of both streams, oldest first. */
  readonly lastLines: readonly string[];
}

const KEPT_LINES = 400;

/**
 * Runs a command in a container with the same restrictions as a service's task and removes the container afterwards.
 * Where this process is killed the command goes on to its end and the engine removes the container then.
 *
 * @param onLine called for each line of output as it comes
 * @throws Error when a container of that name is still running
 */
export async function runOneShot(
  docker: Docker,
  run: OneShot,
  onLine: (line: string, stream: "stdout" | "stderr") => void,
): Promise<OneShotResult> {
  await refuseRunning(docker, run.name);
  const [first, ...others] = run.networks;
  const container = await docker.createContainer({
    name: run.name,
    Image: run.image,
    Entrypoint: [],
    Cmd: [...run.command],
    Env: Object.entries(run.environment).map(([name, value]) => `${name}=${value}`),
    Labels: { ...run.labels },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      AutoRemove: true,
      NetworkMode: first ?? "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: run.memoryBytes,
      MemorySwap: run.memoryBytes,
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
    },
  });
  try {
    for (const network of others) await docker.getNetwork(network).connect({ Container: container.id });
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const lastLines: string[] = [];
    const receive = (source: "stdout" | "stderr") =>
      lineWriter((line) => {
        if (lastLines.push(line) > KEPT_LINES) lastLines.shift();
        onLine(line, source);
      });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const drained = Promise.all([receive("stdout")(stdout), receive("stderr")(stderr)]);
    docker.modem.demuxStream(stream, stdout, stderr);
    stream.on("end", () => {
      stdout.end();
      stderr.end();
    });
    // Asked for before the start: an auto-removed container may be gone when a late question arrives.
    const ended = container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>;
    await container.start();
    stream.write(JSON.stringify(run.secrets ?? {}));
    stream.end();
    const { StatusCode: exitCode } = await ended;
    await drained;
    return { exitCode, lastLines };
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined);
    throw error;
  }
}

async function refuseRunning(docker: Docker, name: string): Promise<void> {
  try {
    const found = await docker.getContainer(name).inspect();
    if (found.State.Running) {
      throw new Error(
        `container ${name} is still running (started ${found.State.StartedAt}): an earlier run that was interrupted goes ` +
          `on there. Watch it with docker logs --follow ${name} and try again when it has ended.`,
      );
    }
    await docker.getContainer(name).remove({ force: true });
  } catch (error) {
    // 409: the engine is removing it already.
    if (!isNotFound(error) && statusCode(error) !== 409) throw error;
  }
}
