import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { dockerClient, isNotFound } from "../engine/docker-client.ts";
import { imageVariables, pullImage } from "../engine/images.ts";
import { ENVIRONMENT_LABEL } from "../engine/leftovers.ts";
import {
  findSnapshot,
  listSnapshots,
  SNAPSHOT_LABEL,
  type Snapshot,
  snapshotImageName,
} from "../rehearsal/snapshot/snapshot-image.ts";
import { environmentName } from "./engine-objects.ts";
import type { EnvironmentSettings } from "./environment-settings.ts";
import { type DatabaseSnapshot, POSTGRES_MAJOR } from "./postgres-database.ts";

/** The settings that decide what a database starts from. */
type Demands = Pick<EnvironmentSettings, "app" | "engine" | "database" | "images">;

/** What an environment's data is in: a container from a snapshot, or a volume. */
type Present = { readonly form: "snapshot"; readonly id: string; readonly image: string } | { readonly form: "volume" };

const FULL_ID = /^[0-9a-f]{12}$/;
const SETTING = "rehearsal:database.snapshot";

/**
 * What the environment's database starts from, or was started from: one that is there stays as it is, unless the setting
 * names another snapshot.
 *
 * @returns undefined where it starts empty, with its data on a volume
 * @throws pulumi.RunError where the snapshot is not there, does not fit, or the database is of the other form
 */
export async function databaseSnapshot(stack: string, settings: Demands): Promise<DatabaseSnapshot | undefined> {
  const { app, database, engine } = settings;
  if (database.server !== "container") return undefined;
  const docker = dockerClient(engine.host);
  const environment = environmentName(app.name, stack);
  const present = await presentDatabase(docker, environment);
  const wanted = database.snapshot;
  if (present === undefined) return await startingPoint(docker, settings);
  if (present.form === "volume") {
    if (wanted === "newest" || wanted === "none") return undefined;
    throw refusal(otherForm(environment, stack, wanted, "on a volume, made without a snapshot"));
  }
  if (wanted === "none") throw refusal(otherForm(environment, stack, wanted, `from snapshot ${present.id}`));
  if (wanted === "newest" || present.id.startsWith(wanted)) {
    const [newest] = await listSnapshots(docker, app.name);
    if (newest !== undefined && newest.id !== present.id) {
      await pulumi.log.info(
        `database | runs on snapshot ${present.id}; the newest is ${newest.id}. To start anew from it, which loses what ` +
          `was changed since: pulumi config set --path '${SETTING}' ${newest.id}`,
      );
    }
    return { id: present.id, image: present.image };
  }
  return await startingPoint(docker, settings);
}

/** The snapshot that a new database starts from. */
async function startingPoint(docker: Dockerode, settings: Demands): Promise<DatabaseSnapshot | undefined> {
  const { app, database } = settings;
  if (database.snapshot === "none") return undefined;
  if (database.snapshot === "newest" && (await listSnapshots(docker, app.name)).length === 0) {
    await pulumi.log.info(
      "database | starts empty: there is no snapshot. Make one with: npx rehearse snapshot create --from production",
    );
    return undefined;
  }
  try {
    const snapshot = await foundOrPulled(docker, settings);
    await requireFitting(docker, snapshot);
    return { id: snapshot.id, image: snapshot.image };
  } catch (error) {
    throw refusal(error instanceof Error ? error.message : String(error));
  }
}

async function foundOrPulled(docker: Dockerode, { app, database, images }: Demands): Promise<Snapshot> {
  try {
    return await findSnapshot(docker, app.name, database.snapshot);
  } catch (error) {
    if (images.registry === "none") throw error;
    if (!FULL_ID.test(database.snapshot)) {
      throw new Error(`${reason(error)}. To take it from ${images.registry}, give all twelve digits of its id`);
    }
    const name = snapshotImageName(database.snapshot, images.registry);
    await pulumi.log.info(`database | pulling ${name}`);
    try {
      await pullImage(docker, name);
    } catch (pulling) {
      throw new Error(`${reason(error)}. Nor does the registry give ${name} (${reason(pulling)})`);
    }
    return await findSnapshot(docker, app.name, database.snapshot);
  }
}

/** Data files are of one major version: that of the image which they were written by. */
async function requireFitting(docker: Dockerode, { id, imageId, serverVersion }: Snapshot): Promise<void> {
  const source = Number.parseInt(serverVersion, 10);
  // Where `images/postgres` puts the programs of its server.
  const { PATH = "" } = await imageVariables(docker, imageId);
  const major = Number(/postgresql\/(\d+)\/bin/.exec(PATH)?.[1]);
  if (source <= POSTGRES_MAJOR && major === POSTGRES_MAJOR) return;
  throw new Error(
    `snapshot ${id} must be one that PostgreSQL ${POSTGRES_MAJOR}, which environments run, can be started with; found data ` +
      `of PostgreSQL ${major} from a server of version ${serverVersion}. Make one of a server of ${POSTGRES_MAJOR} or ` +
      "older with: npx rehearse snapshot create",
  );
}

async function presentDatabase(docker: Dockerode, environment: string): Promise<Present | undefined> {
  const container = await existing(docker.getContainer(`${environment}-database`).inspect());
  if (container?.Config.Labels[ENVIRONMENT_LABEL] === environment) {
    const id = container.Config.Labels[SNAPSHOT_LABEL];
    return id === undefined ? { form: "volume" } : { form: "snapshot", id, image: container.Config.Image };
  }
  // A deployment that was interrupted while it replaced the container: the data is there.
  const volume = await existing(docker.getVolume(`${environment}-data`).inspect());
  const labels = (volume?.Labels as Record<string, string> | null | undefined) ?? {};
  return labels[ENVIRONMENT_LABEL] === environment ? { form: "volume" } : undefined;
}

async function existing<T>(inspected: Promise<T>): Promise<T | undefined> {
  try {
    return await inspected;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function otherForm(environment: string, stack: string, wanted: string, found: string): string {
  return (
    `a database that is there keeps its form; found ${JSON.stringify(wanted)} for the one of ${environment}, which runs ` +
    `${found}. To lose its data and start anew: pulumi destroy --stack ${stack}, and then pulumi up --stack ${stack}; or ` +
    `keep it with: pulumi config set --path '${SETTING}' newest`
  );
}

function refusal(text: string): pulumi.RunError {
  return new pulumi.RunError(
    `The database cannot start from what ${SETTING} says; nothing was changed.\n  ${SETTING}: ${text}`,
  );
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
