import type Docker from "dockerode";
import { compareFlat, flat, list, type PropertyDifference, part, words } from "./flat.ts";
import { variables } from "./service-spec.ts";

type Tree = Readonly<Record<string, unknown>>;

/** Networks that the engine itself joins tasks to. */
const ENGINE_NETWORKS = ["ingress", "docker_gwbridge"];

/**
 * What of a task's container is not as its service says: it can be changed past the service.
 *
 * @param networks names of the environment's networks, by id
 * @param imageId id of the image that was built under the declared name; undefined where it is not known
 */
export function taskDifferences(
  found: Docker.ContainerInspectInfo,
  spec: Tree,
  networks: ReadonlyMap<string, string>,
  imageId: string | undefined,
): PropertyDifference[] {
  const task = part(spec, "TaskTemplate");
  const limits = part(task, "Resources", "Limits");
  const joined = Object.entries(found.NetworkSettings.Networks)
    .filter(([name]) => !ENGINE_NETWORKS.includes(name))
    .map(([name, { NetworkID }]) => networks.get(NetworkID) ?? name);
  const meant = list(task, "Networks").map(({ Target }) => networks.get(words(Target)) ?? words(Target));
  const given = variables(part(task, "ContainerSpec")["Env"]);
  const names = given.map(([property]) => property);
  const { HostConfig } = found;
  return compareFlat(
    flat([
      ...meant.map((name) => [`network ${name}`, "attached"] as const),
      ["memory limit (bytes)", limits["MemoryBytes"]],
      ["processor limit (billionths)", limits["NanoCPUs"]],
      ["image's content", imageId],
      ...given,
    ]),
    flat([
      ...joined.map((name) => [`network ${name}`, "attached"] as const),
      ["memory limit (bytes)", HostConfig.Memory],
      ["processor limit (billionths)", HostConfig.NanoCpus],
      ["image's content", imageId === undefined ? undefined : found.Image],
      // The image brings variables of its own.
      ...variables(found.Config.Env).filter(([property]) => names.includes(property)),
    ]),
  );
}
