import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";
import { runInContainer } from "../../../engine/container-command.ts";
import { runOneShot } from "../../../engine/one-shot.ts";
import {
  type SnapshotDescription,
  snapshotImageName,
  snapshotLabels,
} from "../../../rehearsal/snapshot/snapshot-image.ts";

const docker = new Docker();

/** A snapshot that a test makes of a database of its own. */
export interface SnapshotPlan {
  /** Twelve hexadecimal digits. */
  readonly id: string;
  readonly project: string;
  readonly postgresImage: string;
  /** Image of a release whose migrations run first; without one the database is empty. */
  readonly applicationImage?: string;
  readonly extensions?: readonly string[];
  /** Statements that the owner of the database runs in it. */
  readonly fill: string;
  /** More statements that the superuser runs in it. */
  readonly asSuperuser?: string;
  readonly description?: Partial<SnapshotDescription>;
}

/**
 * Makes a snapshot's image by hand: a cluster in the layers of the image of PostgreSQL, with a superuser that has no
 * password, and a role that owns the database and cannot log in.
 *
 * @returns the image's name
 */
export async function makeSnapshot(plan: SnapshotPlan): Promise<string> {
  const name = `made-snapshot-${plan.id}`;
  await removeLeftBehind(name);
  const network = await docker.createNetwork({ Name: name, Driver: "bridge" });
  const container = await docker.createContainer({
    name,
    Image: plan.postgresImage,
    Cmd: ["postgres", "-c", "fsync=off"],
    Entrypoint: ["sh", "-c", 'echo first > /tmp/password; exec postgres-entrypoint "$@"', "sh"],
    Env: ["POSTGRES_PASSWORD_FILE=/tmp/password"],
    HostConfig: { Tmpfs: { "/tmp": "" } },
    NetworkingConfig: { EndpointsConfig: { [name]: { Aliases: ["builder"] } } },
  });
  try {
    await container.start();
    await ready(name);
    await sql(name, "postgres", `CREATE ROLE snapshot_owner LOGIN PASSWORD 'owner'`);
    await sql(
      name,
      "postgres",
      "CREATE DATABASE snapshot OWNER snapshot_owner TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    for (const extension of plan.extensions ?? []) await sql(name, "snapshot", `CREATE EXTENSION ${extension}`);
    if (plan.applicationImage !== undefined) await runMigrations(name, plan.applicationImage);
    await sql(name, "snapshot", `SET ROLE snapshot_owner; ${plan.fill}`);
    if (plan.asSuperuser !== undefined) await sql(name, "snapshot", plan.asSuperuser);
    await sql(name, "postgres", "CREATE DATABASE statistics");
    await sql(name, "statistics", "CREATE TABLE statements (query text, calls bigint, mean_ms float8, role text)");
    await sql(
      name,
      "postgres",
      "ALTER ROLE snapshot_owner NOLOGIN PASSWORD NULL; ALTER ROLE postgres PASSWORD NULL; CHECKPOINT",
    );
    await runInContainer(docker, name, ["rm", "/var/lib/postgresql/data/.superuser-password"], "");
    await container.stop({ t: 60 });
    const image = snapshotImageName(plan.id, "none");
    const [repo, tag] = image.split(":");
    const labels = Object.entries(snapshotLabels(descriptionOf(plan)));
    await container.commit({
      repo,
      tag,
      changes: [
        ...labels.map(([label, value]) => `LABEL "${label}"=${JSON.stringify(value)}`),
        'ENTRYPOINT ["/usr/local/bin/postgres-entrypoint"]',
        "CMD []",
        "ENV POSTGRES_PASSWORD_FILE=/run/secrets/postgres-password",
      ].join("\n"),
    });
    return image;
  } finally {
    await container.remove({ force: true, v: true });
    await network.remove();
  }
}

/** What an interrupted run has left under the names that are taken here. */
async function removeLeftBehind(name: string): Promise<void> {
  await docker
    .getContainer(name)
    .remove({ force: true, v: true })
    .catch(() => undefined);
  const networks = await docker.listNetworks({ filters: { name: [name] } });
  for (const { Id, Name } of networks) if (Name === name) await docker.getNetwork(Id).remove();
}

/** Removes a snapshot's image; one that is not there is none. */
export async function removeSnapshot(id: string): Promise<void> {
  await docker
    .getImage(snapshotImageName(id, "none"))
    .remove({ force: true })
    .catch((error: unknown) => {
      if ((error as { statusCode?: number }).statusCode !== 404) throw error;
    });
}

function descriptionOf(plan: SnapshotPlan): SnapshotDescription {
  return {
    id: plan.id,
    project: plan.project,
    source: "production",
    takenAt: "2026-01-01T00:00:00.000Z",
    serverVersion: "17.5",
    extensions: [...(plan.extensions ?? [])],
    rows: {},
    bytes: 8_000_000,
    masking: "none",
    maskingKey: "none",
    migrations: [],
    statements: 0,
    ...plan.description,
  };
}

async function runMigrations(network: string, image: string): Promise<void> {
  const { exitCode, lastLines } = await runOneShot(
    docker,
    {
      name: `${network}-migrate`,
      image,
      command: ["/opt/rehearsal/run", "migrate", "--secrets-from-stdin"],
      environment: { RELEASE: "snapshot", ADMIN_USERNAME: "from-snapshot" },
      secrets: {
        DATABASE_URL: "postgres://snapshot_owner:owner@builder:5432/snapshot",
        DJANGO_SECRET_KEY: "only for migrations",
        ADMIN_PASSWORD: "only for migrations",
      },
      networks: [network],
      memoryBytes: 384 * 1024 * 1024,
    },
    () => undefined,
  );
  if (exitCode !== 0) throw new Error(lastLines.join("\n"));
}

async function sql(container: string, database: string, statements: string): Promise<void> {
  const command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database];
  const { exitCode, output } = await runInContainer(docker, container, command, statements);
  if (exitCode !== 0) throw new Error(output.join("\n"));
}

async function ready(container: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    const { exitCode } = await runInContainer(docker, container, ["pg_isready", "-q", "-h", "127.0.0.1"], "");
    if (exitCode === 0) return;
    await sleep(100);
  }
  throw new Error(`${container} did not become ready`);
}
