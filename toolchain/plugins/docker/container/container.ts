import { isDeepStrictEqual } from "node:util";
import type { ContainerInspectInfo } from "dockerode";
import {
  type Properties,
  type ResourceContext,
  ResourceInitializationError,
  type ResourceType,
} from "../../framework/provider.ts";
import { attempt, type DockerConfig, engineMessage, ifFound, isNotFound, post, statusCode } from "../client.ts";
import { observe } from "../observe.ts";
import { poll } from "../polling.ts";
import { pull } from "../pull.ts";
import { containerFailures } from "./check.ts";
import { createBody, updateBody } from "./create-body.ts";
import { containerOutput } from "./logs.ts";
import { type ContainerInputs, containerProperties, ONLY_AT_CREATION } from "./properties.ts";
import { containerState, liveInputs } from "./state.ts";
import { uploadArchive } from "./uploads.ts";
import { lastLogLines, waitUntilHealthy } from "./wait.ts";

type Context = ResourceContext<DockerConfig>;

const REMOVAL_TIMEOUT_MS = 30_000;
const CLEARING_TIMEOUT_MS = 8_000;
// How long the official plugin lets a container run before it looks whether it still does.
const SETTLING_MS = 100;
const UPDATABLE = [
  "restart",
  "maxRetryCount",
  "cpuShares",
  "cpuSet",
  "cpus",
  "memory",
  "memoryReservation",
  "memorySwap",
];

/** docker:index/container:Container. Almost every change replaces it, the old one being deleted first. */
export const container: ResourceType<DockerConfig> = {
  token: "docker:index/container:Container",
  autoName: "name",
  deleteBeforeReplace: true,
  properties: containerProperties,
  check: (inputs) => ({ inputs, failures: containerFailures(inputs) }),
  async create(properties, context) {
    const inputs = properties as unknown as ContainerInputs;
    const id = await createContainer(inputs, context);
    let outputs: Properties;
    try {
      await prepare(id, inputs, context);
      outputs = await start(id, inputs, context);
    } catch (error) {
      // What never ran as declared would block the next attempt by its name.
      await clearAway(id, context);
      throw error;
    }
    const state = { ...outputs, ...containerState(inputs, await inspect(id, context)) };
    if (inputs.wait === true && inputs.start !== false) {
      try {
        await waitUntilHealthy(id, inputs.name, inputs.waitTimeout, context);
      } catch (error) {
        if (context.signal.aborted) {
          // Whoever stopped this may not be there any more to record what there is: leave nothing.
          await clearAway(id, context);
          throw error;
        }
        throw new ResourceInitializationError(engineMessage(error), id, state);
      }
    }
    return { id, state };
  },
  async read(id, state, properties, context) {
    const info = await ifFound(() => inspect(id, context));
    if (info === undefined) return undefined;
    const inputs = { name: info.Name.replace(/^\//, ""), image: info.Config.Image, ...properties } as ContainerInputs;
    const image = await ifFound(() => context.config.docker.getImage(inputs.image).inspect());
    const observed = observe(containerProperties, { ...inputs }, liveInputs(inputs, info, image?.Id));
    const { containerLogs } = state;
    const outputs = containerState(observed as unknown as ContainerInputs, info);
    return { id, inputs: observed, state: { ...outputs, ...(containerLogs === undefined ? {} : { containerLogs }) } };
  },
  async update(id, oldState, properties, context) {
    const inputs = properties as unknown as ContainerInputs;
    const changed = (key: string): boolean => !isDeepStrictEqual(oldState[key], properties[key]);
    for (const key of Object.keys(properties).filter((name) => ONLY_AT_CREATION.has(name) && changed(name))) {
      context.log(
        "warning",
        `As with the official plugin, the new ${key} is recorded but does not reach the existing container: add replaceOnChanges: ["${key}"]`,
      );
    }
    if (UPDATABLE.some(changed)) {
      await attempt(`Updating the container "${inputs.name}"`, () =>
        post(context.config.docker, `/containers/${id}/update`, updateBody(inputs)),
      );
    }
    const { State } = await inspect(id, context);
    if (!State.Running && inputs.mustRun !== false && inputs.start !== false) await start(id, inputs, context);
    return containerState(inputs, await inspect(id, context));
  },
  delete: (id, state, context) => remove(id, state, context),
};

async function createContainer(inputs: ContainerInputs, context: Context): Promise<string> {
  const { docker } = context.config;
  const image = await ifFound(() => docker.getImage(inputs.image).inspect());
  if (image === undefined) await pull(inputs.image, inputs.platform, context);
  const query = { name: inputs.name, ...(inputs.platform === undefined ? {} : { platform: inputs.platform }) };
  const created = await attempt(`Creating the container "${inputs.name}"`, () =>
    post(docker, "/containers/create", createBody(inputs), { query }),
  );
  return (created as { readonly Id: string }).Id;
}

/** Networks and uploaded files: all that comes between creation and start. */
async function prepare(id: string, inputs: ContainerInputs, context: Context): Promise<void> {
  const { docker } = context.config;
  if (inputs.networksAdvanced !== undefined) {
    const mode = inputs.networkMode ?? "bridge";
    if (mode === "bridge" || mode === "default") await docker.getNetwork("bridge").disconnect({ Container: id });
    for (const network of inputs.networksAdvanced) {
      await attempt(`Connecting the container "${inputs.name}" to the network "${network.name}"`, () =>
        post(docker, `/networks/${network.name}/connect`, { Container: id, EndpointConfig: endpointConfig(network) }),
      );
    }
  }
  if (inputs.uploads !== undefined && inputs.uploads.length > 0) {
    const archive = uploadArchive(inputs.uploads);
    await attempt(`Uploading files to the container "${inputs.name}"`, () =>
      docker.getContainer(id).putArchive(archive, { path: "/" }),
    );
  }
}

/** Starts a container and, with `attach`, waits for its end. Rejects when one that must run ends at once. */
async function start(id: string, inputs: ContainerInputs, context: Context): Promise<Properties> {
  if (inputs.start === false) return {};
  const { docker } = context.config;
  await attempt(`Starting the container "${inputs.name}"`, () => docker.getContainer(id).start());
  if (inputs.attach === true) {
    await docker.getContainer(id).wait({ abortSignal: context.signal });
    if (inputs.logs !== true) return {};
    return { containerLogs: await containerOutput(docker, id) };
  }
  if (inputs.mustRun === false) return {};
  const info = await poll(
    async () => {
      const found = await inspect(id, context);
      return found.State.Running ? undefined : found;
    },
    { intervalMs: SETTLING_MS, timeoutMs: SETTLING_MS, signal: context.signal },
  );
  if (info === undefined) return {};
  throw new Error(
    `The container "${inputs.name}" must run but ended at once with exit code ${info.State.ExitCode}. Set mustRun: false for one that is to end${await lastLogLines(id, context)}`,
  );
}

function clearAway(id: string, context: Context): Promise<void> {
  return remove(id, {}, { ...context, signal: AbortSignal.timeout(CLEARING_TIMEOUT_MS) });
}

async function remove(id: string, state: Properties, context: Context): Promise<void> {
  const { docker } = context.config;
  const grace = state["destroyGraceSeconds"];
  if (typeof grace === "number" && grace > 0 && state["attach"] !== true) {
    await attempt(`Stopping the container ${id}`, () => ifFound(() => stopped(docker.getContainer(id), grace)));
  }
  const removed = await poll(
    async () => {
      try {
        await docker.getContainer(id).remove({ force: true, v: state["removeVolumes"] !== false });
      } catch (error) {
        if (isNotFound(error)) return true;
        // "Removal is already in progress": the name is free only when it has ended.
        if (statusCode(error) !== 409) throw error;
        return undefined;
      }
      return true;
    },
    { intervalMs: 200, timeoutMs: REMOVAL_TIMEOUT_MS, signal: context.signal },
  );
  if (removed === undefined)
    throw new Error(`The container ${id} is still being removed after ${REMOVAL_TIMEOUT_MS / 1000} s`);
}

// The engine answers 304 for a container that is not running.
async function stopped(handle: { stop(options: { t: number }): Promise<unknown> }, seconds: number): Promise<void> {
  try {
    await handle.stop({ t: seconds });
  } catch (error) {
    if (statusCode(error) !== 304) throw error;
  }
}

function inspect(id: string, context: Context): Promise<ContainerInspectInfo> {
  return context.config.docker.getContainer(id).inspect();
}

function endpointConfig(network: NonNullable<ContainerInputs["networksAdvanced"]>[number]): Properties {
  return {
    Aliases: network.aliases ?? [],
    IPAMConfig: {
      ...(network.ipv4Address === undefined ? {} : { IPv4Address: network.ipv4Address }),
      ...(network.ipv6Address === undefined ? {} : { IPv6Address: network.ipv6Address }),
      ...(network.linkLocalIps === undefined ? {} : { LinkLocalIPs: network.linkLocalIps }),
    },
    ...(network.macAddress === undefined ? {} : { MacAddress: network.macAddress }),
    ...(network.driverOpts === undefined
      ? {}
      : { DriverOpts: Object.fromEntries(network.driverOpts.map((option) => splitOption(option))) }),
  };
}

function splitOption(option: string): [string, string] {
  const at = option.indexOf("=");
  return at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
}
