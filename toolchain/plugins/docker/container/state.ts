import type { ContainerInspectInfo } from "dockerode";
import type { Properties } from "../../framework/provider.ts";
import { formatDuration } from "../durations.ts";
import type { ContainerInputs } from "./properties.ts";

const MEBIBYTE = 1024 * 1024;
// The client library's types lack members that the engine has.
type HostConfig = ContainerInspectInfo["HostConfig"] & { readonly NanoCpus?: number; readonly CgroupnsMode?: string };
type Config = Omit<ContainerInspectInfo["Config"], "Cmd"> & {
  readonly Cmd: string[] | null;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
};
type NetworkSettings = ContainerInspectInfo["NetworkSettings"] & { readonly Bridge?: string };

/** The outputs of a container: what the engine chose where the program did not, addresses, and how it ended. */
export function containerState(inputs: ContainerInputs, info: ContainerInspectInfo): Properties {
  const { State } = info;
  const config: Config = info.Config;
  const settings: NetworkSettings = info.NetworkSettings;
  const host = info.HostConfig as HostConfig;
  const health = config.Healthcheck;
  return {
    hostname: config.Hostname,
    command: config.Cmd ?? [],
    entrypoints: typeof config.Entrypoint === "string" ? [config.Entrypoint] : (config.Entrypoint ?? []),
    init: host.Init ?? false,
    ipcMode: host.IpcMode,
    logDriver: host.LogConfig?.Type,
    runtime: host.Runtime,
    securityOpts: (host.SecurityOpt as string[] | null | undefined) ?? [],
    shmSize: (host.ShmSize ?? 0) / MEBIBYTE,
    ...(host.CgroupnsMode === undefined ? {} : { cgroupnsMode: host.CgroupnsMode }),
    ...(config.StopSignal === undefined ? {} : { stopSignal: config.StopSignal }),
    ...(config.StopTimeout === undefined ? {} : { stopTimeout: config.StopTimeout }),
    ...(health === undefined
      ? {}
      : {
          healthcheck: {
            tests: health.Test ?? [],
            interval: formatDuration(health.Interval ?? 0),
            timeout: formatDuration(health.Timeout ?? 0),
            startPeriod: formatDuration(health.StartPeriod ?? 0),
            startInterval: formatDuration(health.StartInterval ?? 0),
            retries: health.Retries ?? 0,
          },
        }),
    ...declaredOnly(inputs),
    ...(inputs.ports === undefined ? {} : { ports: inputs.ports.map((port) => withExternal(port, info)) }),
    bridge: settings.Bridge ?? "",
    networkDatas: networkDatas(info),
    ...(State.Running || State.Status === "created" ? {} : { exitCode: State.ExitCode }),
  };
}

/**
 * What a container that exists can have otherwise than declared. All the rest is fixed when it is created, so that it
 * cannot differ as long as the container has the same id. `imageId` is what the declared image's name stands for now.
 */
export function liveInputs(
  inputs: ContainerInputs,
  info: ContainerInspectInfo,
  imageId: string | undefined,
): Properties {
  const host = info.HostConfig as HostConfig;
  const policy = host.RestartPolicy;
  const cpus = (host.NanoCpus ?? 0) / 1e9;
  return {
    name: info.Name.replace(/^\//, ""),
    // A name that now stands for another image is a difference; one that is gone says nothing.
    image: imageId === undefined || imageId === info.Image ? inputs.image : info.Image,
    restart: policy?.Name === undefined || policy.Name === "" ? "no" : policy.Name,
    maxRetryCount: policy?.MaximumRetryCount ?? 0,
    memory: Math.round((host.Memory ?? 0) / MEBIBYTE),
    memoryReservation: Math.round((host.MemoryReservation ?? 0) / MEBIBYTE),
    cpuShares: host.CpuShares ?? 0,
    cpuSet: host.CpusetCpus ?? "",
    cpus: String(cpus),
    ...liveMemorySwap(inputs, host),
    ...liveNetworks(inputs, info),
    // How the official plugin shows a container that has stopped: the next update starts it.
    ...(info.State.Running || inputs.mustRun === false || inputs.start === false ? {} : { mustRun: false }),
  };
}

// The engine chooses it where it is not declared, and -1 where the kernel does not count swap.
function liveMemorySwap(inputs: ContainerInputs, host: HostConfig): Properties {
  const live = host.MemorySwap ?? 0;
  if (inputs.memorySwap === undefined || live === -1) return {};
  return { memorySwap: live > 0 ? Math.round(live / MEBIBYTE) : live };
}

function liveNetworks(inputs: ContainerInputs, info: ContainerInspectInfo): Properties {
  const declared = inputs.networksAdvanced;
  if (declared === undefined) return {};
  const attached = Object.entries(info.NetworkSettings.Networks);
  const matches = (name: string, [liveName, { NetworkID }]: (typeof attached)[number]): boolean =>
    name === liveName || (NetworkID !== "" && NetworkID.startsWith(name));
  const kept = declared.filter(({ name }) => attached.some((network) => matches(name, network)));
  const others = attached.filter((network) => !declared.some(({ name }) => matches(name, network)));
  return { networksAdvanced: [...kept, ...others.map(([name]) => ({ name }))] };
}

// The program's own spelling of what it declared.
function declaredOnly(inputs: ContainerInputs): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
}

type Port = NonNullable<ContainerInputs["ports"]>[number];

function withExternal(port: Port, info: ContainerInspectInfo): Port {
  if (port.external !== undefined) return port;
  // A stopped container has no ports, whatever the client library's types say.
  const ports = info.NetworkSettings.Ports as Record<string, { HostPort: string }[] | null> | null;
  const external = ports?.[`${port.internal}/${port.protocol ?? "tcp"}`]?.[0]?.HostPort;
  return external === undefined ? port : { ...port, external: Number(external) };
}

function networkDatas(info: ContainerInspectInfo): Properties[] {
  const networks = Object.entries(info.NetworkSettings.Networks).sort(([a], [b]) => (a < b ? -1 : 1));
  return networks.map(([networkName, network]) => ({
    networkName,
    gateway: network.Gateway,
    ipAddress: network.IPAddress,
    ipPrefixLength: network.IPPrefixLen,
    globalIpv6Address: network.GlobalIPv6Address,
    globalIpv6PrefixLength: network.GlobalIPv6PrefixLen,
    ipv6Gateway: network.IPv6Gateway,
    macAddress: network.MacAddress,
  }));
}
