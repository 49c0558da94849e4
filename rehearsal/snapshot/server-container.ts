import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import pg from "pg";
import type { PostgresAddress } from "../../engine/postgres.ts";
import { scramVerifier } from "../../engine/scram.ts";
import { thisMaker } from "../../engine/temporary.ts";
import { WORK_LABEL } from "./work.ts";

/** A PostgreSQL server in a container that lives as long as a snapshot is being made. */
export interface WorkServer {
  readonly container: Docker.Container;
  /** As superuser, in database `postgres`. */
  readonly address: PostgresAddress;
}

const START_SECONDS = 60;
const STOP_SECONDS = 120;
const PORT = "5432/tcp";
/**
 * The superuser's password comes through standard input, and is in a variable of the server's process alone: what stands
 * in a container's declaration would stand in the image that is made of it.
 */
const START = `read -r POSTGRES_PASSWORD_VERIFIER; export POSTGRES_PASSWORD_VERIFIER; exec /usr/local/bin/postgres-entrypoint "$@"`;

/** Starts a server from an image of ours, on a port of the loopback address, and waits until it answers. */
export async function startWorkServer(
  docker: Docker,
  image: string,
  purpose: string,
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<WorkServer> {
  const password = randomBytes(24).toString("hex");
  const container = await docker.createContainer({
    name: `snapshot-${purpose}-${randomBytes(4).toString("hex")}`,
    Image: image,
    Entrypoint: ["/bin/sh", "-c", START, "sh"],
    Cmd: parameters.flatMap((parameter) => ["-c", parameter]),
    Labels: { [WORK_LABEL]: thisMaker() },
    ExposedPorts: { [PORT]: {} },
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: {
      PortBindings: { [PORT]: [{ HostIp: "127.0.0.1", HostPort: "" }] },
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
      // Indexes are built by several processes, which share memory here.
      ShmSize: 1024 ** 3,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
    },
  });
  try {
    const input = await container.attach({ stream: true, stdin: true, hijack: true });
    await container.start();
    input.end(`${scramVerifier(password, randomBytes(16).toString("base64"))}\n`);
    const { NetworkSettings } = await container.inspect();
    const port = Number(NetworkSettings.Ports[PORT]?.[0]?.HostPort);
    const address: PostgresAddress = {
      host: "127.0.0.1",
      port,
      username: "postgres",
      password,
      database: "postgres",
      sslmode: "disable",
    };
    await untilReady(container, address, signal);
    return { container, address };
  } catch (error) {
    await removeServer(container);
    throw error;
  }
}

/** Stops a server cleanly: it writes a checkpoint, and its next start has nothing to recover. */
export async function stopServer({ container }: WorkServer): Promise<void> {
  await container.stop({ t: STOP_SECONDS });
  const { State } = await container.inspect();
  if (State.ExitCode !== 0) {
    throw new Error(
      `the snapshot's server must stop cleanly; it ended with ${State.ExitCode}. Its log:\n${await logOf(container)}`,
    );
  }
}

/** Removes a server's container, whether it runs or not. */
export async function removeServer(container: Docker.Container): Promise<void> {
  await container.remove({ force: true, v: true }).catch(() => undefined);
}

async function untilReady(container: Docker.Container, address: PostgresAddress, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + START_SECONDS * 1000;
  for (;;) {
    signal.throwIfAborted();
    const client = new pg.Client({
      host: address.host,
      port: address.port,
      user: address.username,
      password: address.password,
      database: address.database,
      connectionTimeoutMillis: 2000,
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      const { State } = await container.inspect();
      if (!State.Running || Date.now() > deadline) {
        throw new Error(
          `the snapshot's server must answer within ${START_SECONDS} s; it ${State.Running ? "does not" : "ended"} ` +
            `(${error instanceof Error ? error.message : String(error)}). Its log:\n${await logOf(container)}`,
        );
      }
    }
    await sleep(50);
  }
}

async function logOf(container: Docker.Container): Promise<string> {
  const log = await container.logs({ stdout: true, stderr: true, follow: false, tail: 20 });
  // Each line is framed by eight bytes.
  return log.toString("utf8").replace(/[^\n\x20-\x7e]+/g, "");
}
