import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";

export const docker = new Docker();

export interface RunOptions {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Files of `/run/secrets`, by name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Volume name by the path that it is mounted at. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Names by which other containers of the bench find this one. */
  readonly aliases?: readonly string[];
  readonly healthcheck?: Docker.HealthConfig;
  /** Leaves out no-new-privileges, which swarm services of older engines cannot declare. */
  readonly newPrivileges?: boolean;
  /** Written to standard input, which is then closed. */
  readonly input?: string;
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Containers, volumes and a network of one test file, all removed by `remove`. */
export class Bench {
  readonly name = `images-test-${randomBytes(4).toString("hex")}`;
  readonly #containers: Docker.Container[] = [];
  readonly #volumes: string[] = [];
  readonly #directories: string[] = [];
  #network: Promise<Docker.Network> | undefined;
  /** Of containers asked for: tests side by side ask for the next before the last was made. */
  #count = 0;

  /** A new volume that goes with the bench. */
  async volume(purpose: string): Promise<string> {
    const name = `${this.name}-${this.#volumes.length}-${purpose}`;
    await docker.createVolume({ Name: name });
    this.#volumes.push(name);
    return name;
  }

  /** Starts a container as every container of an environment runs: read-only, without capabilities or new privileges. */
  async start(options: RunOptions): Promise<Docker.Container> {
    const container = await this.#create(options);
    await container.start();
    return container;
  }

  /** Runs a container to its end. */
  async run(options: RunOptions): Promise<Finished> {
    const container = await this.#create(options);
    if (options.input !== undefined) {
      const stream = await container.attach({ stream: true, stdin: true, hijack: true });
      await container.start();
      stream.end(options.input);
    } else {
      await container.start();
    }
    return finish(container);
  }

  async remove(): Promise<void> {
    await Promise.all(
      this.#containers.map((container) => container.remove({ force: true, v: true }).catch(ignoreMissing)),
    );
    await Promise.all(this.#volumes.map((name) => docker.getVolume(name).remove().catch(ignoreMissing)));
    await (await this.#network)?.remove();
    await Promise.all(this.#directories.map((directory) => rm(directory, { recursive: true, force: true })));
  }

  async #create(options: RunOptions): Promise<Docker.Container> {
    this.#network ??= docker.createNetwork({ Name: this.name, Driver: "bridge" });
    await this.#network;
    const name = `${this.name}-${this.#count++}`;
    const binds = Object.entries(options.volumes ?? {}).map(([target, volume]) => `${volume}:${target}`);
    if (options.secrets !== undefined) {
      binds.push(`${await this.#secretsDirectory(options.secrets)}:/run/secrets:ro`);
    }
    const container = await docker.createContainer({
      name,
      Image: options.image,
      ...(options.command === undefined ? {} : { Cmd: [...options.command] }),
      ...(options.healthcheck === undefined ? {} : { Healthcheck: options.healthcheck }),
      Env: Object.entries(options.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      OpenStdin: options.input !== undefined,
      StdinOnce: options.input !== undefined,
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: options.newPrivileges === true ? [] : ["no-new-privileges"],
        Tmpfs: { "/tmp": "" },
        Binds: binds,
      },
      NetworkingConfig: { EndpointsConfig: { [this.name]: { Aliases: [...(options.aliases ?? [])] } } },
    });
    this.#containers.push(container);
    return container;
  }

  async #secretsDirectory(secrets: Readonly<Record<string, string>>): Promise<string> {
    const directory = await mkdtemp(path.join(tmpdir(), `${this.name}-`));
    this.#directories.push(directory);
    await chmod(directory, 0o755);
    for (const [name, value] of Object.entries(secrets)) {
      await writeFile(path.join(directory, name), value, { mode: 0o444 });
    }
    return directory;
  }
}

/** Waits for a container's end; its output is what it wrote until then. */
export async function finish(container: Docker.Container): Promise<Finished> {
  const { StatusCode: exitCode } = (await container.wait()) as { StatusCode: number };
  return { exitCode, ...(await output(container)) };
}

/** What a container wrote so far. */
export async function output(container: Docker.Container): Promise<{ stdout: string; stderr: string }> {
  const [stdout, stderr] = await Promise.all([
    container.logs({ stdout: true, stderr: false, follow: false }),
    container.logs({ stdout: false, stderr: true, follow: false }),
  ]);
  return { stdout: plainText(stdout), stderr: plainText(stderr) };
}

/** Runs a command in a running container. */
export async function execute(container: Docker.Container, command: readonly string[]): Promise<Finished> {
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  stream.on("end", () => {
    stdout.end();
    stderr.end();
  });
  const [out, err] = await Promise.all([text(stdout), text(stderr)]);
  const { ExitCode: exitCode } = await exec.inspect();
  return { exitCode: exitCode ?? -1, stdout: out, stderr: err };
}

/** Asks a container over HTTP from inside itself, where no port is published. Needs curl in the container. */
export async function curl(container: Docker.Container, url: string, ...options: string[]): Promise<Finished> {
  return execute(container, ["curl", "-sS", "--max-time", "10", "--path-as-is", ...options, url]);
}

/**
 * Waits until `condition` gives something other than undefined, and returns that.
 *
 * @throws Error naming what was waited for, after `seconds`.
 */
export async function until<T>(what: string, condition: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found !== undefined) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${seconds} s`);
    }
    await sleep(100);
  }
}

/**
 * Waits until a container has written `words` to either output.
 *
 * @throws Error with the log, when it ended without or took longer than `seconds`
 */
export async function untilSaid(container: Docker.Container, words: string, seconds = 60): Promise<void> {
  let log = "";
  try {
    await until(
      `"${words}" in the log`,
      async () => {
        const { Running: running } = (await container.inspect()).State;
        const { stdout, stderr } = await output(container);
        log = `${stdout}${stderr}`;
        if (!running && !log.includes(words)) {
          throw new Error(`the container ended without "${words}" in its log`);
        }
        return log.includes(words) ? true : undefined;
      },
      seconds,
    );
  } catch (error) {
    throw new Error(`${String(error)}; the log is:\n${log}`, { cause: error });
  }
}

/** The base64 PEM bundle of the certificate authorities that this machine trusts beyond the usual ones. */
export async function extraCertificates(directory = "/usr/local/share/ca-certificates"): Promise<string> {
  const names = await readdir(directory).catch(() => []);
  const files = names.filter((name) => name.endsWith(".crt")).sort();
  const contents = await Promise.all(files.map((name) => readFile(path.join(directory, name), "utf8")));
  return Buffer.from(contents.join("\n")).toString("base64");
}

/** A directory with these files, removed by the returned function. */
export async function directoryOf(
  files: Readonly<Record<string, string>>,
): Promise<{ path: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(path.join(tmpdir(), "images-test-"));
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(directory, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return { path: directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** Docker frames a log's lines with eight bytes each where there is no terminal. */
function plainText(frames: Buffer): string {
  let result = "";
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    result += frames.toString("utf8", at + 8, at + 8 + length);
    at += 8 + length;
  }
  return result;
}

function ignoreMissing(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 404) {
    throw error;
  }
}
