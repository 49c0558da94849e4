import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";

const POLL_MILLISECONDS = 100;
const LIMIT_SECONDS = 120;

/** An object on the engine. */
interface EngineObject {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Objects on the engine that carry a label, by kind. */
export type Labelled = Record<
  "service" | "container" | "network" | "volume" | "secret" | "config",
  readonly EngineObject[]
>;

/** Lists what carries a label, of any value where it is given by its name alone. */
export async function labelled(docker: Docker, label: string): Promise<Labelled> {
  const filters = { label: [label] };
  const [services, containers, networks, volumes, secrets, configs] = await Promise.all([
    docker.listServices({ filters }),
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
    docker.listSecrets({ filters }),
    docker.listConfigs({ filters }),
  ]);
  return {
    service: services.map(({ ID, Spec }) => ({ id: ID, name: Spec?.Name ?? "", labels: Spec?.Labels ?? {} })),
    container: containers.map(({ Id, Names, Labels }) => ({ id: Id, name: Names.join(" "), labels: Labels })),
    network: networks.map(({ Id, Name, Labels = {} }) => ({ id: Id, name: Name, labels: Labels })),
    volume: volumes.Volumes.map(({ Name, Labels }) => ({ id: Name, name: Name, labels: Labels })),
    secret: secrets.map(({ ID, Spec }) => ({ id: ID, name: ID, labels: Spec?.Labels ?? {} })),
    config: configs.map(({ ID, Spec }) => ({ id: ID, name: ID, labels: Spec?.Labels ?? {} })),
  };
}

/**
 * Removes everything on the engine that carries a label.
 *
 * @throws Error when something is left after two minutes
 */
export async function removeLabelled(docker: Docker, label: string): Promise<void> {
  // Services first, or swarm starts their tasks again; networks and volumes last, when no container uses them.
  const deadline = Date.now() + LIMIT_SECONDS * 1000;
  for (;;) {
    const found = await labelled(docker, label);
    if (Object.values(found).every((ids) => ids.length === 0)) return;
    if (Date.now() > deadline) {
      throw new Error(`nothing with label ${label} may be left on the engine; found ${JSON.stringify(found)}`);
    }
    const removals = [
      ...found.service.map(({ id }) => docker.getService(id).remove()),
      ...found.container.map(({ id }) => docker.getContainer(id).remove({ force: true, v: true })),
      ...found.secret.map(({ id }) => docker.getSecret(id).remove()),
      ...found.config.map(({ id }) => docker.getConfig(id).remove()),
    ];
    await Promise.allSettled(removals);
    await Promise.allSettled([
      ...found.network.map(({ id }) => docker.getNetwork(id).remove()),
      ...found.volume.map(({ id }) => docker.getVolume(id).remove()),
    ]);
    await sleep(POLL_MILLISECONDS);
  }
}
