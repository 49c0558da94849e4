import type { NetworkArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { NetworkCreateOptions, NetworkInspectInfo } from "dockerode";
import type { Properties, ResourceType } from "../framework/provider.ts";
import { attempt, type DockerConfig, engineMessage, ifFound, isNotFound, post, statusCode } from "./client.ts";
import { fromLabels, toLabels } from "./labels.ts";
import { poll } from "./polling.ts";
import { block, flag, labelSet, setOf, text, textMap } from "./specs.ts";

type NetworkInputs = Unwrap<NetworkArgs> & { readonly name: string };

const ALLOCATION_TIMEOUT_MS = 10_000;
// As long as the official plugin waits for containers and tasks to leave.
const REMOVAL_TIMEOUT_MS = 30_000;

/** docker:index/network:Network. A network cannot be changed: every change replaces it. */
export const network: ResourceType<DockerConfig> = {
  token: "docker:index/network:Network",
  autoName: "name",
  properties: {
    name: text({ forceNew: true }),
    attachable: flag({ forceNew: true }),
    driver: text({ forceNew: true, computedIfUnset: true }),
    ingress: flag({ forceNew: true }),
    internal: flag({ forceNew: true, computedIfUnset: true }),
    ipamConfigs: setOf(block({ auxAddress: textMap(), gateway: text(), ipRange: text(), subnet: text() }), {
      forceNew: true,
      computedIfUnset: true,
    }),
    ipamDriver: text({ forceNew: true, default: "default" }),
    ipamOptions: textMap({ forceNew: true }),
    ipv6: flag({ forceNew: true }),
    labels: labelSet({ forceNew: true }),
    options: textMap({ forceNew: true, computedIfUnset: true }),
    scope: text({ computed: true }),
  },
  async create(inputs, { config, signal }) {
    const body = networkBody(inputs as unknown as NetworkInputs);
    const created = await attempt(`Creating the network "${body.Name}"`, () =>
      post(config.docker, "/networks/create", body),
    );
    const id = (created as { readonly Id: string }).Id;
    const inspect = (): Promise<NetworkInspectInfo> => config.docker.getNetwork(id).inspect();
    // Swarm chooses the subnet of an overlay network after it has answered.
    const allocated = await poll(
      async () => {
        const found = await inspect();
        return (found.IPAM?.Config ?? []).length > 0 || found.Driver !== "overlay" ? found : undefined;
      },
      { intervalMs: 50, timeoutMs: ALLOCATION_TIMEOUT_MS, signal },
    );
    return { id, state: networkState(inputs, allocated ?? (await inspect())) };
  },
  async read(id, _state, inputs, { config }) {
    const found = await ifFound(() => config.docker.getNetwork(id).inspect());
    if (found === undefined) return undefined;
    // Nothing of a network that exists can be changed, so what was declared is what is there.
    const declared = Object.keys(inputs).length > 0 ? inputs : importedInputs(found);
    return { id, inputs: declared, state: { ...declared, ...networkState(declared, found) } };
  },
  async delete(id, _state, { config, signal }) {
    let refusal = "";
    const removed = await poll(
      async () => {
        try {
          await config.docker.getNetwork(id).remove();
        } catch (error) {
          if (isNotFound(error)) return true;
          refusal = engineMessage(error);
          const inUse = /has active endpoints|is in use/.test(refusal) || statusCode(error) === 409;
          if (!inUse) throw error;
          return undefined;
        }
        return true;
      },
      { intervalMs: 250, timeoutMs: REMOVAL_TIMEOUT_MS, signal },
    );
    if (removed === undefined) {
      throw new Error(
        `The network ${id} is still in use after ${REMOVAL_TIMEOUT_MS / 1000} s: ${refusal}. Remove what is attached to it (docker network inspect ${id})`,
      );
    }
  },
};

/** The engine's request for a network. */
function networkBody(inputs: NetworkInputs): NetworkCreateOptions {
  return {
    Name: inputs.name,
    CheckDuplicate: true,
    Attachable: inputs.attachable ?? false,
    Ingress: inputs.ingress ?? false,
    Internal: inputs.internal ?? false,
    EnableIPv6: inputs.ipv6 ?? false,
    Labels: toLabels(inputs.labels),
    ...(inputs.driver === undefined ? {} : { Driver: inputs.driver }),
    ...(inputs.options === undefined ? {} : { Options: inputs.options }),
    IPAM: {
      Driver: inputs.ipamDriver ?? "default",
      ...(inputs.ipamOptions === undefined ? {} : { Options: inputs.ipamOptions }),
      ...(inputs.ipamConfigs === undefined
        ? {}
        : {
            Config: inputs.ipamConfigs.map((config) => ({
              ...(config.subnet === undefined ? {} : { Subnet: config.subnet }),
              ...(config.ipRange === undefined ? {} : { IPRange: config.ipRange }),
              ...(config.gateway === undefined ? {} : { Gateway: config.gateway }),
              ...(config.auxAddress === undefined ? {} : { AuxiliaryAddresses: config.auxAddress }),
            })),
          }),
    },
  };
}

/** The outputs that the engine decides. */
function networkState(inputs: Properties, found: NetworkInspectInfo): Properties {
  return {
    driver: found.Driver,
    internal: found.Internal,
    scope: found.Scope,
    options: inputs["options"] ?? found.Options ?? {},
    ipamConfigs: inputs["ipamConfigs"] ?? ipamConfigsOf(found),
  };
}

function importedInputs(found: NetworkInspectInfo): Properties {
  return {
    name: found.Name,
    driver: found.Driver,
    attachable: found.Attachable,
    internal: found.Internal,
    ipv6: found.EnableIPv6,
    ingress: found.Ingress,
    labels: fromLabels(found.Labels),
    ipamDriver: found.IPAM?.Driver ?? "default",
  };
}

function ipamConfigsOf(found: NetworkInspectInfo): Properties[] {
  return (found.IPAM?.Config ?? []).map((config) => ({ subnet: config["Subnet"], gateway: config["Gateway"] }));
}
