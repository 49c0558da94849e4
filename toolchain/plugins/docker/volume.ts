import type { VolumeArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { VolumeCreateOptions, VolumeInspectInfo } from "dockerode";
import type { Properties, ResourceType } from "../framework/provider.ts";
import { attempt, type DockerConfig, engineMessage, ifFound, isNotFound, post, statusCode } from "./client.ts";
import { fromLabels, toLabels } from "./labels.ts";
import { poll } from "./polling.ts";
import { labelSet, text, textMap, unsupported } from "./specs.ts";

type VolumeInputs = Unwrap<VolumeArgs> & { readonly name: string };

// As long as the official plugin waits for containers to let go of it.
const REMOVAL_TIMEOUT_MS = 30_000;

/** docker:index/volume:Volume. A volume cannot be changed: every change replaces it. Its id is its name. */
export const volume: ResourceType<DockerConfig> = {
  token: "docker:index/volume:Volume",
  autoName: "name",
  properties: {
    name: text({ forceNew: true }),
    cluster: unsupported,
    driver: text({ forceNew: true, computedIfUnset: true }),
    driverOpts: textMap({ forceNew: true }),
    labels: labelSet({ forceNew: true }),
    mountpoint: text({ computed: true }),
  },
  async create(inputs, { config }) {
    const body = volumeBody(inputs as unknown as VolumeInputs);
    await attempt(`Creating the volume "${String(body.Name)}"`, () => post(config.docker, "/volumes/create", body));
    const found = await config.docker.getVolume(String(body.Name)).inspect();
    return { id: found.Name, state: volumeState(found) };
  },
  async read(id, _state, inputs, { config }) {
    const found = await ifFound(() => config.docker.getVolume(id).inspect());
    if (found === undefined) return undefined;
    // Nothing of a volume that exists can be changed, so what was declared is what is there.
    const declared = Object.keys(inputs).length > 0 ? inputs : importedInputs(found);
    return { id, inputs: declared, state: { ...declared, ...volumeState(found) } };
  },
  async delete(id, _state, { config, signal }) {
    let refusal = "";
    const removed = await poll(
      async () => {
        try {
          await config.docker.getVolume(id).remove({ force: true });
        } catch (error) {
          if (isNotFound(error)) return true;
          if (statusCode(error) !== 409) throw error;
          refusal = engineMessage(error);
          return undefined;
        }
        return true;
      },
      { intervalMs: 250, timeoutMs: REMOVAL_TIMEOUT_MS, signal },
    );
    if (removed === undefined) {
      throw new Error(
        `The volume ${id} is still in use after ${REMOVAL_TIMEOUT_MS / 1000} s: ${refusal}. Remove the container that uses it`,
      );
    }
  },
};

/** The engine's request for a volume. */
function volumeBody(inputs: VolumeInputs): VolumeCreateOptions {
  return {
    Name: inputs.name,
    Labels: toLabels(inputs.labels),
    ...(inputs.driver === undefined ? {} : { Driver: inputs.driver }),
    ...(inputs.driverOpts === undefined ? {} : { DriverOpts: inputs.driverOpts }),
  };
}

function volumeState(found: VolumeInspectInfo): Properties {
  return { driver: found.Driver, mountpoint: found.Mountpoint };
}

function importedInputs(found: VolumeInspectInfo): Properties {
  return {
    name: found.Name,
    driver: found.Driver,
    labels: fromLabels(found.Labels),
    ...(found.Options === null ? {} : { driverOpts: found.Options }),
  };
}
