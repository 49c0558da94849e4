import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { runInContainer } from "../../engine/container-command.ts";
import { copyUpTables } from "../../engine/copy-up.ts";
import { grantOnExisting, RIGHTS, type RoleName, type WorkerRole } from "../../engine/database-rights.ts";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import { temporaryLabels } from "../../engine/temporary.ts";
import { SNAPSHOT_DATABASE, SNAPSHOT_OWNER } from "./snapshot-image.ts";

const READY_SECONDS = 60;
/** Whoever waits for a file that is being copied from the image must not be called away meanwhile. */
const NO_TIMER = "client_connection_check_interval=0";
const WORKERS: readonly WorkerRole[] = ["app", "etl", "report"];

/** What a clone is started from. */
export interface CloneArgs {
  /** Image of a snapshot. */
  readonly image: string;
  /** Name of the container, and of its host on the network. */
  readonly name: string;
  /** Sealed network, by name, on which the releases' processes reach it. */
  readonly network: string;
  /** Name that the database gets. */
  readonly database: string;
  readonly memoryMiB: number;
  /** `name=value` each, for the server. */
  readonly parameters: readonly string[];
}

/** A throw-away database with the roles and rights of an environment. */
export interface Clone {
  readonly name: string;
  /** As this program reaches it, in the administrator's role. */
  readonly address: PostgresAddress;
  /** As a process on the network reaches it. */
  url(role: RoleName, database?: string): string;
  /** Copies large tables into the clone's own layer, before several processes work on them side by side. */
  copyUp(tables: readonly string[]): Promise<void>;
  /** As this program reaches it, in a role of the environment. */
  as(role: RoleName): PostgresAddress;
  remove(): Promise<void>;
}

/**
 * Starts a database from a snapshot, with roles and rights as an environment's: a copy of the data in constant time,
 * since all containers of an image share its files until they write to them.
 *
 * @throws Error with the server's words when it does not start
 */
export async function startClone(docker: Docker, args: CloneArgs): Promise<Clone> {
  const password = randomBytes(18).toString("hex");
  const container = await docker.createContainer({
    name: args.name,
    Image: args.image,
    Cmd: ["postgres", ...[...args.parameters, NO_TIMER].flatMap((parameter) => ["-c", parameter])],
    Labels: temporaryLabels(),
    ExposedPorts: { "5432/tcp": {} },
    HostConfig: {
      NetworkMode: "bridge",
      PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
      Memory: args.memoryMiB * 1024 * 1024,
      MemorySwap: args.memoryMiB * 1024 * 1024,
      ShmSize: 256 * 1024 * 1024,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
    },
  });
  const remove = async () => {
    await container.remove({ force: true, v: true }).catch(() => undefined);
  };
  try {
    await docker.getNetwork(args.network).connect({ Container: container.id });
    await container.start();
    await nameRoles(docker, container, args, password);
    const port = await publishedPort(container);
    const as = (username: string): PostgresAddress => ({
      host: "127.0.0.1",
      port,
      username,
      password,
      database: args.database,
      sslmode: "disable",
    });
    await withConnection(as("postgres"), async (client) => {
      for (const role of WORKERS) {
        await grantOnExisting(client, role, role);
        const { table, sequence } = RIGHTS[role];
        const defaults = "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT";
        await client.query(`${defaults} ${table.join(", ")} ON TABLES TO ${role}`);
        await client.query(`${defaults} ${sequence.join(", ")} ON SEQUENCES TO ${role}`);
      }
    });
    return {
      name: args.name,
      address: as("postgres"),
      as,
      url: (role, database = args.database) => `postgres://${role}:${password}@${args.name}:5432/${database}`,
      copyUp: (tables) => copyUpTables(docker, container.id, as("postgres"), tables),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Waits until the server answers and makes the snapshot's owner and database the environment's. */
async function nameRoles(
  docker: Docker,
  container: Docker.Container,
  args: CloneArgs,
  password: string,
): Promise<void> {
  const script = [
    `ALTER ROLE postgres PASSWORD '${password}';`,
    `ALTER ROLE ${SNAPSHOT_OWNER} RENAME TO owner;`,
    `ALTER ROLE owner LOGIN PASSWORD '${password}';`,
    ...WORKERS.map((role) => `CREATE ROLE ${role} LOGIN PASSWORD '${password}';`),
    `ALTER DATABASE ${SNAPSHOT_DATABASE} RENAME TO "${args.database}";`,
  ].join("\n");
  const psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--dbname=postgres"];
  const deadline = Date.now() + READY_SECONDS * 1000;
  for (;;) {
    const { exitCode, output } = await runInContainer(docker, container.id, psql, script);
    if (exitCode === 0) return;
    const { State } = await container.inspect();
    // psql says 2 where it cannot connect: the server is starting.
    if (exitCode !== 2 || !State.Running || Date.now() > deadline) {
      const log = await container.logs({ stdout: true, stderr: true, tail: 20 });
      throw new Error(
        [
          `a clone of ${args.image} must start and take the environment's roles; found:`,
          ...output,
          ...log.toString("utf8").split("\n"),
        ].join("\n  "),
      );
    }
    await sleep(25);
  }
}

async function publishedPort(container: Docker.Container): Promise<number> {
  const { NetworkSettings } = await container.inspect();
  const port = NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort;
  if (port === undefined) throw new Error(`container ${container.id} must publish port 5432; found no port`);
  return Number(port);
}
