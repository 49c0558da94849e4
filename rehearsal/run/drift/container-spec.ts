import type Docker from "dockerode";
import { type Flat, flat, labels, list, part, seconds, words } from "./flat.ts";
import { variables } from "./service-spec.ts";

type Tree = Readonly<Record<string, unknown>>;
type Pair = readonly [property: string, value: unknown];

const MEGABYTE = 1024 * 1024;

/** What an image brings to every container of it. */
export interface ImageDefaults {
  readonly variables: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A container as the stack declares it, from the inputs of its resource. */
export function declaredContainer(inputs: Tree): Flat {
  const health = part(inputs, "healthcheck");
  const capabilities = part(inputs, "capabilities");
  return flat([
    ["image", inputs["image"]],
    ["command", inputs["command"]],
    ["user", inputs["user"]],
    ["read-only root filesystem", inputs["readOnly"]],
    ["privileged", inputs["privileged"]],
    ["capabilities dropped", capabilities["drops"]],
    ["capabilities added", capabilities["adds"]],
    ["security options", inputs["securityOpts"]],
    ["stop signal", inputs["stopSignal"]],
    ["stop period (s)", inputs["stopTimeout"]],
    ["restart", inputs["restart"]],
    ["memory limit (bytes)", megabytes(inputs["memory"])],
    ["memory and swap limit (bytes)", megabytes(inputs["memorySwap"])],
    ["shared memory (bytes)", megabytes(inputs["shmSize"])],
    ...variables(inputs["envs"]),
    ...labels(inputs["labels"]),
    ...Object.entries(part(inputs, "tmpfs")).map(
      ([target, options]): Pair => [`mount ${target}`, `tmpfs, ${words(options)}`],
    ),
    ...list(inputs, "volumes").map(
      (volume): Pair => [
        `mount ${words(volume["containerPath"])}`,
        `${volume["hostPath"] ? "bind" : "volume"}, ${words(volume["hostPath"] ?? volume["volumeName"])}${volume["readOnly"] === true ? ", read-only" : ""}`,
      ],
    ),
    ...list(inputs, "ports").map(
      (port): Pair => [
        `port ${words(port["internal"])}/${words(port["protocol"] ?? "tcp")}`,
        publishedAt(port["ip"], port["external"]),
      ],
    ),
    ...list(inputs, "networksAdvanced").map((network): Pair => [`network ${words(network["name"])}`, "attached"]),
    ["health command", health["tests"]],
    ["health interval (s)", seconds(health["interval"])],
    ["health timeout (s)", seconds(health["timeout"])],
    ["health retries", health["retries"]],
    ["log driver", inputs["logDriver"]],
    ["log options", options(part(inputs, "logOpts"))],
    ["running", true],
  ]);
}

/**
 * A container as the engine describes it.
 *
 * @param image what the image brings: nobody declares it, and it is no drift
 */
export function foundContainer(found: Docker.ContainerInspectInfo, image: ImageDefaults, declared: Flat): Flat {
  const host = found.HostConfig as unknown as Tree;
  const config = found.Config as unknown as Tree;
  const health = part(config, "Healthcheck");
  const own = (found.Config.Env as string[] | null)?.filter((line) => !image.variables.includes(line));
  const ownLabels = Object.entries(found.Config.Labels).filter(([name, value]) => image.labels[name] !== value);
  return flat([
    ["image", found.Config.Image],
    ["command", config["Cmd"]],
    // Where no user is declared it is the image's, which the image's own id vouches for.
    ["user", declared.has("user") ? found.Config.User : ""],
    ["read-only root filesystem", host["ReadonlyRootfs"]],
    ["privileged", host["Privileged"]],
    ["capabilities dropped", host["CapDrop"]],
    ["capabilities added", host["CapAdd"]],
    ["security options", host["SecurityOpt"]],
    ["stop signal", config["StopSignal"]],
    ["stop period (s)", config["StopTimeout"]],
    ["restart", part(host, "RestartPolicy")["Name"]],
    ["memory limit (bytes)", host["Memory"]],
    ["memory and swap limit (bytes)", host["MemorySwap"]],
    ["shared memory (bytes)", host["ShmSize"]],
    ...variables(own),
    ...labels(Object.fromEntries(ownLabels)),
    ...Object.entries(part(host, "Tmpfs")).map(([target, how]): Pair => [`mount ${target}`, `tmpfs, ${words(how)}`]),
    ...found.Mounts.map(
      (mount): Pair => [
        `mount ${mount.Destination}`,
        `${mount.Type}, ${mount.Type === "volume" ? (mount.Name ?? "") : mount.Source}${mount.RW ? "" : ", read-only"}`,
      ],
    ),
    ...Object.entries(part(host, "PortBindings")).map(([port, bindings]): Pair => {
      const at = (Array.isArray(bindings) ? (bindings as Tree[]) : []).map((one) =>
        publishedAt(one["HostIp"], one["HostPort"]),
      );
      return [`port ${port}`, at.sort().join(" and ")];
    }),
    ...Object.keys(found.NetworkSettings.Networks).map((network): Pair => [`network ${network}`, "attached"]),
    ["health command", health["Test"]],
    ["health interval (s)", seconds(health["Interval"])],
    ["health timeout (s)", seconds(health["Timeout"])],
    ["health retries", health["Retries"]],
    ["log driver", part(host, "LogConfig")["Type"]],
    ["log options", options(part(host, "LogConfig", "Config"))],
    ["running", found.State.Running],
  ]);
}

/** Where a port is published, in words. */
function publishedAt(address: unknown, port: unknown): string {
  const at = words(address);
  return `published at ${at === "" || at === "0.0.0.0" || at === "::" ? "every address" : at}, ${words(port)}`;
}

function megabytes(value: unknown): number {
  return Number(value ?? 0) * MEGABYTE;
}

function options(tree: Tree): string {
  return Object.entries(tree)
    .map(([name, value]) => `${name}=${words(value)}`)
    .sort()
    .join(" ");
}
