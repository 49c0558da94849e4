import type { ResourceContext, ResourceType } from "../../framework/provider.ts";
import { attempt, type DockerConfig, engineMessage, ifFound, post } from "../client.ts";
import { nanoseconds } from "../durations.ts";
import { observe } from "../observe.ts";
import { poll } from "../polling.ts";
import { loginForImage, type RegistryLogin, registryKey } from "../registry-auth.ts";
import { isGlobal, serviceFailures } from "./check.ts";
import { converge } from "./converge.ts";
import type { EngineService } from "./engine-types.ts";
import { type ServiceInputs, serviceProperties } from "./properties.ts";
import { liveInputs, type NetworkNames, serviceState } from "./read.ts";
import { serviceSpec } from "./spec.ts";

type Context = ResourceContext<DockerConfig>;

const SEQUENCE_ATTEMPTS = 10;
// What a container may take to vanish after its grace period.
const REMOVAL_MARGIN_MS = 5_000;

/** docker:index/service:Service. Changes update it in place; a new name, kind of mode, hosts or login replaces it. */
export const service: ResourceType<DockerConfig> = {
  token: "docker:index/service:Service",
  autoName: "name",
  properties: serviceProperties,
  check: (inputs) => ({ inputs, failures: serviceFailures(inputs) }),
  diff(_state, olds, news, changes) {
    // The engine does not turn a replicated service into a global one.
    const replaces = isGlobal(olds) !== isGlobal(news);
    return changes.map((change) =>
      replaces && change.path.startsWith("mode") ? { ...change, replace: true } : change,
    );
  },
  async create(properties, context) {
    const inputs = properties as unknown as ServiceInputs;
    const created = await attempt(`Creating the service "${inputs.name}"`, () =>
      post(context.config.docker, "/services/create", serviceSpec(inputs), { login: loginOf(inputs, context) }),
    );
    const id = (created as { readonly ID: string }).ID;
    if (inputs.convergeConfig !== undefined) {
      try {
        await converge(id, inputs, context);
      } catch (error) {
        // As with the official plugin: what never converged is not left behind.
        await context.config.docker.getService(id).remove();
        throw error;
      }
    }
    return { id, state: serviceState(inputs, await inspect(id, context)) };
  },
  async read(id, _state, properties, context) {
    const found = await ifFound(() => inspect(id, context));
    if (found === undefined) return undefined;
    const declared = Object.keys(properties).length > 0 ? (properties as unknown as ServiceInputs) : undefined;
    const live = liveInputs(found.Spec, declared, await networkNames(declared, context));
    const inputs = observe(serviceProperties, properties, live);
    return { id, inputs, state: serviceState(inputs as unknown as ServiceInputs, found) };
  },
  async update(id, _oldState, properties, context) {
    const inputs = properties as unknown as ServiceInputs;
    await attempt(`Updating the service "${inputs.name}"`, () => requestUpdate(id, inputs, context));
    if (inputs.convergeConfig !== undefined) await converge(id, inputs, context);
    return serviceState(inputs, await inspect(id, context));
  },
  delete: (id, state, context) => remove(id, state as unknown as ServiceInputs, context),
};

// Swarm notes its own progress in the service, which makes the version that was just read an old one.
async function requestUpdate(id: string, inputs: ServiceInputs, context: Context): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    const { Version, Spec } = await inspect(id, context);
    try {
      await post(context.config.docker, `/services/${id}/update`, serviceSpec(inputs, Spec), {
        query: { version: Version.Index },
        login: loginOf(inputs, context),
      });
      return;
    } catch (error) {
      if (attempts === SEQUENCE_ATTEMPTS || !engineMessage(error).includes("update out of sequence")) throw error;
    }
  }
}

/** Removes a service; with a grace period declared, its containers on this node are gone when this returns. */
async function remove(id: string, inputs: ServiceInputs, context: Context): Promise<void> {
  const { docker } = context.config;
  const grace = inputs.taskSpec.containerSpec.stopGracePeriod;
  const containers = (): ReturnType<typeof docker.listContainers> =>
    docker.listContainers({ all: true, filters: { label: [`com.docker.swarm.service.id=${id}`] } });
  await attempt(`Removing the service "${inputs.name}"`, () => ifFound(() => docker.getService(id).remove()));
  if (grace === undefined) return;
  const gone = await poll(async () => ((await containers()).length === 0 ? true : undefined), {
    intervalMs: 200,
    timeoutMs: nanoseconds(grace) / 1e6 + REMOVAL_MARGIN_MS,
    signal: context.signal,
  });
  if (gone === true) return;
  for (const { Id } of await containers()) {
    await ifFound(() => docker.getContainer(Id).remove({ force: true, v: true }));
  }
}

async function inspect(id: string, context: Context): Promise<EngineService> {
  return (await context.config.docker.getService(id).inspect()) as EngineService;
}

// Only programs that declare networks by name need the list.
async function networkNames(declared: ServiceInputs | undefined, context: Context): Promise<NetworkNames> {
  if (declared?.taskSpec.networksAdvanceds?.some((network) => network.id === undefined) !== true) return new Map();
  const networks = await context.config.docker.listNetworks();
  return new Map(networks.map(({ Id, Name }) => [Id, Name]));
}

function loginOf(inputs: ServiceInputs, context: Context): RegistryLogin | undefined {
  const { auth, taskSpec } = inputs;
  const username = auth?.username ?? process.env["DOCKER_REGISTRY_USER"];
  const password = auth?.password ?? process.env["DOCKER_REGISTRY_PASS"];
  if (auth === undefined || username === undefined || password === undefined) {
    return loginForImage(context.config.credentials, taskSpec.containerSpec.image);
  }
  return { username, password, serveraddress: registryKey(auth.serverAddress) };
}
