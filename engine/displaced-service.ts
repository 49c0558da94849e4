import type Docker from "dockerode";
import { isNotFound } from "./docker-client.ts";
import { requestRollback } from "./service-rollback.ts";
import { awaitService, DECLARATION_LABEL, DISPLACED_LABEL, type RunningService } from "./service-rollout.ts";
import { isAbandoned, thisMaker } from "./temporary.ts";

const PUT_BACK_SECONDS = 90;

/** A specification as the engine gives it: what this program does not read goes back as it came. */
interface ServiceSpec {
  readonly Name?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly TaskTemplate: {
    readonly ContainerSpec: {
      readonly Image: string;
      readonly Env?: readonly string[];
      readonly Labels?: Readonly<Record<string, string>>;
      readonly Secrets?: readonly { readonly SecretID: string; readonly SecretName: string }[];
      readonly Configs?: readonly { readonly ConfigID: string; readonly ConfigName: string }[];
    };
  };
}

interface UpdatableService extends Omit<RunningService, "Spec"> {
  readonly Version: { readonly Index: number };
  readonly UpdatedAt: string;
  readonly Spec: ServiceSpec;
  readonly PreviousSpec?: ServiceSpec;
}

/** Where a service can be put for a while. */
export interface Displacement {
  readonly service: string;
  /** What it runs now, and is put back to. */
  readonly declared: ServiceSpec;
  readonly target: ServiceSpec;
}

/** The declaration before that the engine remembers of a service. */
export interface DeclarationBefore {
  readonly spec: ServiceSpec;
  /** The variable `RELEASE` of its tasks; empty where they have none. */
  readonly release: string;
  /** Why the engine cannot run it again; undefined where it can. */
  readonly impossible?: string;
}

/** The declaration that a service ran before this one; undefined where it has had no other. */
export async function declarationBefore(docker: Docker, service: string): Promise<DeclarationBefore | undefined> {
  const { Spec, PreviousSpec } = await inspect(docker, service);
  if (PreviousSpec === undefined) return undefined;
  // It was there again if a service was displaced to it and put back.
  const labels = Object.entries(PreviousSpec.Labels ?? {}).filter(([label]) => label !== DISPLACED_LABEL);
  const spec = { ...PreviousSpec, Labels: Object.fromEntries(labels) };
  if ([declarationOf(Spec), againOf(Spec)].includes(declarationOf(spec))) return undefined;
  const missing = await missingObject(docker, spec);
  const release = spec.TaskTemplate.ContainerSpec.Env?.find((line) => line.startsWith("RELEASE="));
  return {
    spec,
    release: release?.slice("RELEASE=".length) ?? "",
    ...(missing === undefined ? {} : { impossible: `${missing} is no longer on the engine` }),
  };
}

/** A displacement to the same specification with new tasks, or to the declaration before. */
export async function displacement(
  docker: Docker,
  service: string,
  before: DeclarationBefore | undefined,
): Promise<Displacement> {
  const { Spec } = await inspect(docker, service);
  return { service, declared: Spec, target: before === undefined ? withNewTasks(Spec) : before.spec };
}

/** What the tasks of a displaced service, or of one that was put back, bear as their declaration. */
export function declarations({ declared, target }: Displacement): {
  readonly declared: string;
  readonly target: string;
} {
  return { declared: declarationOf(declared), target: declarationOf(target) };
}

/**
 * Puts a service to another specification for a while. Swarm keeps the one that it has, and the label tells whose work it
 * is: whatever becomes of this process, the service can be put back.
 */
export async function displace(docker: Docker, { service, target }: Displacement): Promise<void> {
  const { Version } = await inspect(docker, service);
  const marked = { ...target, Labels: { ...target.Labels, [DISPLACED_LABEL]: thisMaker() } };
  await docker.getService(service).update({ ...marked, version: Version.Index });
}

/**
 * Puts a displaced service back to exactly what it ran before. It is a rollback to swarm, which then goes nowhere else
 * where its tasks fail.
 *
 * @returns false where there was nothing to do: swarm has put it back, or a deployment has changed it meanwhile
 */
export async function putBack(docker: Docker, { service }: Pick<Displacement, "service">): Promise<boolean> {
  const displaced = await inspect(docker, service);
  if (displaced.Spec.Labels?.[DISPLACED_LABEL] !== thisMaker()) return false;
  await requestRollback(docker, displaced);
  return true;
}

/** Puts back the services that a killed process has left displaced; gives their names. */
export async function putBackAbandoned(docker: Docker): Promise<string[]> {
  const services = (await docker.listServices({
    filters: { label: [DISPLACED_LABEL] },
  })) as unknown as UpdatableService[];
  const names: string[] = [];
  for (const service of services) {
    const { ID, Spec, UpdatedAt } = service;
    if (!isAbandoned(Spec.Labels?.[DISPLACED_LABEL] ?? "", Date.parse(UpdatedAt) / 1000)) continue;
    await requestRollback(docker, service);
    names.push(Spec.Name ?? ID);
  }
  return names;
}

/**
 * Waits until services that were put back run what is declared: until then tasks of both are there. Whether they do in the
 * end is for others to say.
 */
export async function awaitPutBack(docker: Docker, services: readonly string[]): Promise<void> {
  const deadline = Date.now() + PUT_BACK_SECONDS * 1000;
  await Promise.all(
    services.map(async (name) => {
      const declaration = declarationOf((await inspect(docker, name)).Spec);
      await awaitService(docker, { name, declaration }, deadline);
    }),
  );
}

async function inspect(docker: Docker, service: string): Promise<UpdatableService> {
  return (await docker.getService(service).inspect()) as UpdatableService;
}

function declarationOf({ Labels }: ServiceSpec): string {
  return Labels?.[DECLARATION_LABEL] ?? "";
}

/** What stands for the same declaration with new tasks. */
function againOf(spec: ServiceSpec): string {
  return `${declarationOf(spec)}.again`;
}

/**
 * Another declaration to whoever waits for its tasks, and the same to those. Swarm replaces tasks whose labels change; its
 * counter of forced updates would stay as it is if a deployment mends what a killed command left.
 */
function withNewTasks(spec: ServiceSpec): ServiceSpec {
  const label = { [DECLARATION_LABEL]: againOf(spec) };
  const { TaskTemplate } = spec;
  const { ContainerSpec } = TaskTemplate;
  return {
    ...spec,
    Labels: { ...spec.Labels, ...label },
    TaskTemplate: {
      ...TaskTemplate,
      ContainerSpec: { ...ContainerSpec, Labels: { ...ContainerSpec.Labels, ...label } },
    },
  };
}

/** What a specification needs, and a later deployment has taken away. */
async function missingObject(docker: Docker, { TaskTemplate }: ServiceSpec): Promise<string | undefined> {
  const { Image, Secrets = [], Configs = [] } = TaskTemplate.ContainerSpec;
  const needed = [
    { what: `image ${Image}`, look: () => docker.getImage(Image).inspect() },
    ...Secrets.map(({ SecretID, SecretName }) => ({
      what: `secret ${SecretName}`,
      look: () => docker.getSecret(SecretID).inspect(),
    })),
    ...Configs.map(({ ConfigID, ConfigName }) => ({
      what: `config ${ConfigName}`,
      look: () => docker.getConfig(ConfigID).inspect(),
    })),
  ];
  for (const { what, look } of needed) {
    try {
      await look();
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return what;
    }
  }
  return undefined;
}
