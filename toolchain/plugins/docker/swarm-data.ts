import type { Properties, ResourceContext, ResourceType } from "../framework/provider.ts";
import { attempt, type DockerConfig, ifFound, post } from "./client.ts";
import { fromLabels, type Label, toLabels } from "./labels.ts";
import { labelSet, text } from "./specs.ts";

interface SwarmObject {
  readonly ID: string;
  readonly Spec?: { readonly Name?: string; readonly Labels?: Record<string, string>; readonly Data?: string };
}

interface SwarmDataInputs {
  readonly name: string;
  readonly data?: string;
  readonly dataRaw?: string;
  readonly labels?: readonly Label[];
}

/** docker:index/secret:Secret. Every change replaces it; the engine never gives its data back. */
export const secret: ResourceType<DockerConfig> = {
  ...swarmData("secret"),
  token: "docker:index/secret:Secret",
  properties: {
    name: text({ forceNew: true }),
    data: text({ required: true, forceNew: true, secret: true }),
    labels: labelSet({ forceNew: true }),
  },
};

/** docker:index/serviceConfig:ServiceConfig. Every change replaces it. */
export const serviceConfig: ResourceType<DockerConfig> = {
  ...swarmData("config"),
  token: "docker:index/serviceConfig:ServiceConfig",
  properties: {
    name: text({ forceNew: true }),
    data: text({ forceNew: true }),
    dataRaw: text({ forceNew: true }),
    labels: labelSet({ forceNew: true }),
  },
};

function swarmData(
  kind: "secret" | "config",
): Pick<ResourceType<DockerConfig>, "autoName" | "check" | "create" | "read" | "delete"> {
  const handle = ({ docker }: DockerConfig, id: string): { inspect(): Promise<unknown>; remove(): Promise<unknown> } =>
    kind === "secret" ? docker.getSecret(id) : docker.getConfig(id);
  return {
    autoName: "name",
    check(inputs) {
      const { data, dataRaw } = inputs;
      const failures = [];
      if (typeof data === "string" && !isBase64(data)) {
        failures.push({
          property: "data",
          reason: `"data" of a ${kind} must be standard base64: encode it, for example Buffer.from(text).toString("base64")`,
        });
      }
      if (kind === "config" && (data === undefined) === (dataRaw === undefined)) {
        const found = data === undefined ? "neither" : "both";
        failures.push({ property: "data", reason: `A config needs either "data" or "dataRaw"; found ${found}` });
      }
      return { inputs, failures };
    },
    async create(inputs, { config }: ResourceContext<DockerConfig>) {
      const { name, data, dataRaw, labels } = inputs as unknown as SwarmDataInputs;
      const body = {
        Name: name,
        Data: dataRaw === undefined ? (data ?? "") : Buffer.from(dataRaw).toString("base64"),
        Labels: toLabels(labels),
      };
      const created = await attempt(`Creating the ${kind} "${name}"`, () =>
        post(config.docker, `/${kind}s/create`, body),
      );
      return { id: (created as { readonly ID: string }).ID, state: {} };
    },
    async read(id, state, inputs, { config }) {
      const found = (await ifFound(() => handle(config, id).inspect())) as SwarmObject | undefined;
      if (found === undefined) return undefined;
      // Nothing of it can be changed by hand, so what was declared is what is there.
      if (Object.keys(inputs).length > 0) return { id, inputs, state };
      const imported: Properties = {
        name: found.Spec?.Name,
        labels: fromLabels(found.Spec?.Labels),
        ...(kind === "config" ? { data: found.Spec?.Data } : {}),
      };
      return { id, inputs: imported, state: imported };
    },
    async delete(id, _state, { config }) {
      await attempt(`Deleting the ${kind} ${id}`, () => ifFound(() => handle(config, id).remove()));
    },
  };
}

function isBase64(value: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value);
}
