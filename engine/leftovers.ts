import type Docker from "dockerode";
import { isNotFound } from "./docker-client.ts";

/** Label of everything on the engine that belongs to one environment. */
export const ENVIRONMENT_LABEL = "rehearsal.environment";

/** Kinds of objects whose names are fixed, so that one left behind stands in the way of the next attempt. */
export type LeftoverKind = "service" | "network" | "container";

const RESTORE =
  "Restore the state (check PULUMI_BACKEND_URL and the stack's name), or remove the environment's services and containers by hand.";

/**
 * Removes an object that an interrupted deployment created and did not live to record: Pulumi is about to create it, so
 * its state knows none. Only an object with this environment's label is removed; data is in volumes, which stay.
 *
 * @throws Error when the name is taken by something that is not this environment's
 */
export async function removeLeftover(
  docker: Docker,
  kind: LeftoverKind,
  name: string,
  environment: string,
): Promise<boolean> {
  const found = await find(docker, kind, name);
  if (found === undefined) return false;
  if (found.labels[ENVIRONMENT_LABEL] !== environment) {
    throw new Error(
      `${kind} ${name} must not exist before it is created; found one on the engine that is not environment ` +
        `${environment}'s. Remove or rename it, or choose another app.name or stack name.`,
    );
  }
  try {
    await found.remove();
  } catch (error) {
    // A network that tasks are attached to: the environment runs, and it is the state that is missing.
    throw new Error(
      `${kind} ${name} must not exist before it is created; environment ${environment} uses one, but the stack's state ` +
        `does not know it (${error instanceof Error ? error.message : String(error)}). ${RESTORE}`,
    );
  }
  return true;
}

/**
 * Refuses a volume that Pulumi is about to create, since its state knows none, while containers work on it: they are of an
 * environment whose state is missing, and whoever destroyed what is recorded here would take its data.
 *
 * @throws Error that names the container
 */
export async function requireVolumeUnused(docker: Docker, name: string): Promise<void> {
  const [holder] = await docker.listContainers({ filters: { volume: [name] } });
  if (holder === undefined) return;
  throw new Error(
    `volume ${name} must not be in use before it is created; container ${(holder.Names[0] ?? holder.Id).replace("/", "")} ` +
      `works on it, but the stack's state does not know it. ${RESTORE}`,
  );
}

/** A file of tasks, secret or not, that the engine keeps. */
export interface KeptFile {
  readonly kind: "secret" | "config";
  readonly id: string;
  readonly name: string;
}

interface FileOnEngine {
  readonly ID: string;
  readonly Spec: { readonly Name: string };
}

interface FilesOfService {
  readonly TaskTemplate?: {
    readonly ContainerSpec?: {
      readonly Secrets?: readonly { readonly SecretID: string }[];
      readonly Configs?: readonly { readonly ConfigID: string }[];
    };
  };
}

/** Secrets and configurations of an environment that no service is given, nor would be given again if it went back. */
export async function unusedFiles(docker: Docker, environment: string): Promise<KeptFile[]> {
  const filters = { label: [`${ENVIRONMENT_LABEL}=${environment}`] };
  const [secrets, configs, services] = (await Promise.all([
    docker.listSecrets({ filters }),
    docker.listConfigs({ filters }),
    docker.listServices({ filters }),
  ])) as unknown as [
    readonly FileOnEngine[],
    readonly FileOnEngine[],
    readonly { readonly Spec: FilesOfService; readonly PreviousSpec?: FilesOfService }[],
  ];
  const given = services
    .flatMap(({ Spec, PreviousSpec }) => [Spec.TaskTemplate, PreviousSpec?.TaskTemplate])
    .flatMap((template) => [
      ...(template?.ContainerSpec?.Secrets ?? []).map(({ SecretID }) => SecretID),
      ...(template?.ContainerSpec?.Configs ?? []).map(({ ConfigID }) => ConfigID),
    ]);
  const files = [
    ...secrets.map((file) => ({ ...file, kind: "secret" as const })),
    ...configs.map((file) => ({ ...file, kind: "config" as const })),
  ];
  return files.flatMap(({ kind, ID, Spec }) => (given.includes(ID) ? [] : [{ kind, id: ID, name: Spec.Name }]));
}

/** Removes such a file; one that is gone or in use by now is left as it is. */
export async function removeFile(docker: Docker, { kind, id }: KeptFile): Promise<void> {
  await (kind === "secret" ? docker.getSecret(id) : docker.getConfig(id)).remove().catch(() => undefined);
}

interface Found {
  readonly labels: Record<string, string>;
  readonly remove: () => Promise<unknown>;
}

async function find(docker: Docker, kind: LeftoverKind, name: string): Promise<Found | undefined> {
  try {
    switch (kind) {
      case "service": {
        const service = docker.getService(name);
        const { Spec } = (await service.inspect()) as { Spec: { Labels?: Record<string, string> } };
        return { labels: Spec.Labels ?? {}, remove: () => service.remove() };
      }
      case "network": {
        const network = docker.getNetwork(name);
        const { Labels } = (await network.inspect()) as { Labels?: Record<string, string> };
        return { labels: Labels ?? {}, remove: () => network.remove() };
      }
      case "container": {
        const container = docker.getContainer(name);
        const { Config } = await container.inspect();
        // Ten seconds of grace: what may run in it is a database.
        return {
          labels: Config.Labels,
          remove: () =>
            container
              .stop({ t: 10 })
              .catch(() => undefined)
              .then(() => container.remove({ force: true })),
        };
      }
    }
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
