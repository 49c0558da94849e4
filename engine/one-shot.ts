import { randomBytes } from "node:crypto";
import { Duplex, PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { isNotFound, statusCode } from "./docker-client.ts";
import { lineWriter } from "./lines.ts";

/** A command that runs once in a container of its own. */
export interface OneShot {
  /** Name of the container. */
  readonly name: string;
  /**
   * Whether at most one of that name may be at work: how long to wait for an earlier one, in seconds. Without it any
   * number may, each under a name of its own.
   */
  readonly aloneWithinSeconds?: number;
  readonly image: string;
  readonly command: readonly string[];
  /** Variables in clear; they show in `docker inspect`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The first line of standard input, a JSON object: so they are neither on disk nor in `docker inspect`. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Networks by name; without one the container reaches nothing. */
  readonly networks: readonly string[];
  readonly memoryBytes: number;
  /** Addresses of names that no network of its resolves. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** A health check in place of the image's: `CMD` or `CMD-SHELL`, then its words. */
  readonly health?: { readonly test: readonly string[]; readonly intervalSeconds: number };
  /** Folders of the image that can be written to by root, on a volume that begins with what is there and goes with the container. */
  readonly writable?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** How a one-shot command ended. */
export interface OneShotResult {
  readonly exitCode: number;
  /** The last lines of both streams, oldest first. */
  readonly lastLines: readonly string[];
}

/** Told each line of output and the stream that it came from. */
export type OnLine = (line: string, stream: "stdout" | "stderr") => void;

/** Exit code of a process that got SIGKILL: the kernel's answer to one that wants more memory than it may have. */
export const KILLED = 137;

const KEPT_LINES = 400;
const POLL_MILLISECONDS = 200;
const NANOSECONDS = 1_000_000_000;
const HEALTH_TIMEOUT_SECONDS = 10;

/** A one-shot command at work, whose standard input stays open after its secrets. */
export interface StartedOneShot {
  /** Id of the container. */
  readonly id: string;
  /** Writes one more line to its standard input; does nothing where the command has ended. */
  writeLine(text: string): void;
  /** Closes its standard input. */
  end(): void;
  /** Resolves when it has ended and all of its output was handed on. */
  readonly ended: Promise<OneShotResult>;
  /** Kills it and waits until it has ended. */
  kill(): Promise<void>;
}

/**
 * Runs a command in a container with the same restrictions as a service's task and removes the container afterwards.
 * Where this process is killed the command goes on to its end and the engine removes the container then.
 *
 * @param onLine called for each line of output as it comes
 * @throws Error when an earlier run that must have ended goes on for too long
 */
export async function runOneShot(docker: Docker, run: OneShot, onLine: OnLine): Promise<OneShotResult> {
  const started = await startOneShot(docker, run, onLine);
  started.end();
  return await started.ended;
}

/**
 * Runs a command as `runOneShot` does, and kills it when a signal is aborted. Its standard input stays open until it has
 * ended: one that looks at it sees when this process is gone.
 *
 * @param onLine called for each line of output as it comes
 * @throws Error when an earlier run that must have ended goes on for too long
 */
export async function runOneShotUntil(
  docker: Docker,
  run: OneShot,
  onLine: OnLine,
  signal: AbortSignal,
): Promise<OneShotResult> {
  const started = await startOneShot(docker, run, onLine);
  const kill = () => void started.kill();
  signal.addEventListener("abort", kill, { once: true });
  try {
    if (signal.aborted) await started.kill();
    return await started.ended;
  } finally {
    signal.removeEventListener("abort", kill);
    started.end();
  }
}

/**
 * Starts a command as `runOneShot` does and leaves its standard input open, for commands that are told more than their
 * secrets. Where this process is killed its standard input is closed.
 *
 * @param onLine called for each line of output as it comes
 * @throws Error when an earlier run that must have ended goes on for too long
 */
export async function startOneShot(docker: Docker, run: OneShot, onLine: OnLine): Promise<StartedOneShot> {
  const alone = run.aloneWithinSeconds;
  if (alone !== undefined) await awaitEarlier(docker, run.name, alone, onLine);
  const container = await createContainer(docker, run);
  const remove = () => container.remove({ force: true, v: true }).catch(() => undefined);
  try {
    for (const network of run.networks.slice(1)) await docker.getNetwork(network).connect({ Container: container.id });
    const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    // A command that has ended reads no more; how it ended is told by its exit code.
    stream.on("error", () => undefined);
    const { drained, lastLines } = readLines(docker, stream, onLine);
    // Asked for before the start: an auto-removed container may be gone when a late question arrives.
    const exit = container.wait({ condition: "next-exit" }) as Promise<{ StatusCode: number }>;
    const ended = (async () => {
      try {
        const { StatusCode: exitCode } = await exit;
        await drained;
        return { exitCode, lastLines };
      } catch (error) {
        await remove();
        throw error;
      }
    })();
    // Whoever awaits it is told; until then it is no unhandled rejection.
    ended.catch(() => undefined);
    await container.start();
    stream.write(`${JSON.stringify(run.secrets ?? {})}\n`);
    return {
      id: container.id,
      writeLine: (text) => {
        if (stream.writable) stream.write(`${text}\n`);
      },
      end: () => {
        stream.end();
      },
      ended,
      kill: async () => {
        await remove();
        await ended.catch(() => undefined);
        // The engine may leave its side open, which would keep this process from ending.
        if (stream instanceof Duplex) stream.destroy();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function createContainer(docker: Docker, run: OneShot): Promise<Docker.Container> {
  return docker.createContainer({
    name: run.aloneWithinSeconds === undefined ? `${run.name}-${randomBytes(4).toString("hex")}` : run.name,
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
    ...(run.writable === undefined ? {} : { Volumes: Object.fromEntries(run.writable.map((folder) => [folder, {}])) }),
    ...(run.health === undefined ? {} : { Healthcheck: healthcheck(run.health) }),
    HostConfig: {
      AutoRemove: true,
      NetworkMode: run.networks[0] ?? "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: run.memoryBytes,
      MemorySwap: run.memoryBytes,
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
      ...(run.hosts === undefined
        ? {}
        : { ExtraHosts: Object.entries(run.hosts).map(([name, address]) => `${name}:${address}`) }),
    },
  });
}

function healthcheck({ test, intervalSeconds }: NonNullable<OneShot["health"]>): Docker.HealthConfig {
  return { Test: [...test], Interval: intervalSeconds * NANOSECONDS, Timeout: HEALTH_TIMEOUT_SECONDS * NANOSECONDS };
}

/** Hands on the lines of both streams and keeps the last of them. */
function readLines(
  docker: Docker,
  stream: NodeJS.ReadWriteStream,
  onLine: OnLine,
): { drained: Promise<unknown>; lastLines: readonly string[] } {
  const lastLines: string[] = [];
  const receive = (source: "stdout" | "stderr") =>
    lineWriter((line) => {
      if (lastLines.push(line) > KEPT_LINES) lastLines.shift();
      onLine(line, source);
    });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const drained = Promise.all([receive("stdout")(stdout), receive("stderr")(stderr)]);
  docker.modem.demuxStream(stream, stdout, stderr);
  // "close" too: a connection that breaks has no end.
  for (const event of ["end", "close"]) {
    stream.on(event, () => {
      stdout.end();
      stderr.end();
    });
  }
  return { drained, lastLines };
}

/** Waits until a run that an interrupted deployment left behind has ended: what it does must not be cut off. */
async function awaitEarlier(docker: Docker, name: string, seconds: number, onLine: OnLine): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  for (let told = false; ; told = true) {
    const started = await runningSince(docker, name);
    if (started === undefined) return;
    if (!told) onLine(`waiting for ${name}, which an interrupted deployment left at work (since ${started})`, "stderr");
    if (Date.now() > deadline) {
      throw new Error(
        `container ${name} must have ended within ${seconds} s; it is at work since ${started}. Watch it with ` +
          `docker logs --follow ${name} and run pulumi up again when it has ended.`,
      );
    }
    await sleep(POLL_MILLISECONDS);
  }
}

/** When the container was started; undefined where there is none, or where it has ended and is now removed. */
async function runningSince(docker: Docker, name: string): Promise<string | undefined> {
  try {
    const { State } = await docker.getContainer(name).inspect();
    if (State.Running) return State.StartedAt;
    await docker.getContainer(name).remove({ force: true });
  } catch (error) {
    // 409: the engine is removing it already, and its name is not free yet.
    if (statusCode(error) === 409) return "a moment ago";
    if (!isNotFound(error)) throw error;
  }
  return undefined;
}
