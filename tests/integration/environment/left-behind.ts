import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";

const POLL_MILLISECONDS = 100;
const LIMIT_SECONDS = 120;

/** Objects on the engine that carry a label, by kind. */
export type Labelled = Record<
  "services" | "containers" | "networks" | "volumes" | "secrets" | "configs",
  readonly string[]
>;

/** Lists by id what carries a label. */
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
    services: services.map(({ ID }) => ID),
    containers: containers.map(({ Id }) => Id),
    networks: networks.map(({ Id }) => Id),
    volumes: volumes.Volumes.map(({ Name }) => Name),
    secrets: secrets.map(({ ID }) => ID),
    configs: configs.map(({ ID }) => ID),
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
      ...found.services.map((id) => docker.getService(id).remove()),
      ...found.containers.map((id) => docker.getContainer(id).remove({ force: true, v: true })),
      ...found.secrets.map((id) => docker.getSecret(id).remove()),
      ...found.configs.map((id) => docker.getConfig(id).remove()),
    ];
    await Promise.allSettled(removals);
    await Promise.allSettled([
      ...found.networks.map((id) => docker.getNetwork(id).remove()),
      ...found.volumes.map((name) => docker.getVolume(name).remove()),
    ]);
    await sleep(POLL_MILLISECONDS);
  }
}
