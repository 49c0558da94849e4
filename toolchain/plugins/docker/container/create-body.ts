import type { ContainerCreateOptions, HealthConfig, HostConfig } from "dockerode";
import { nanoseconds } from "../durations.ts";
import { toLabels } from "../labels.ts";
import { type EngineMount, toMount } from "../mounts.ts";
import type { ContainerInputs } from "./properties.ts";

const MEBIBYTE = 1024 * 1024;

/** The engine's request for a container; its name goes into the query. */
export function createBody(inputs: ContainerInputs): ContainerCreateOptions {
  const volumes = volumeParts(inputs.volumes ?? []);
  return withoutUndefined({
    Image: inputs.image,
    Hostname: inputs.hostname,
    Domainname: inputs.domainname,
    User: inputs.user,
    Tty: inputs.tty ?? false,
    OpenStdin: inputs.stdinOpen ?? false,
    Env: inputs.envs,
    Cmd: inputs.command,
    Entrypoint: inputs.entrypoints,
    WorkingDir: inputs.workingDir,
    Labels: toLabels(inputs.labels),
    Healthcheck: inputs.healthcheck === undefined ? undefined : healthConfig(inputs.healthcheck),
    StopSignal: inputs.stopSignal,
    StopTimeout: inputs.stopTimeout,
    ExposedPorts: exposedPorts(inputs.ports ?? []),
    Volumes: volumes.anonymous,
    HostConfig: hostConfig(inputs, volumes),
  });
}

/** What of a container the engine can change while it exists. */
export function updateBody(inputs: ContainerInputs): HostConfig {
  return withoutUndefined({
    RestartPolicy: { Name: inputs.restart ?? "no", MaximumRetryCount: inputs.maxRetryCount ?? 0 },
    ...resources(inputs),
  });
}

/** A health check as the engine wants it; also that of services. */
export function healthConfig(check: {
  readonly tests?: readonly string[] | undefined;
  readonly interval?: string | undefined;
  readonly timeout?: string | undefined;
  readonly startPeriod?: string | undefined;
  readonly startInterval?: string | undefined;
  readonly retries?: number | undefined;
}): HealthConfig {
  const startInterval = nanoseconds(check.startInterval ?? "0s");
  return withoutUndefined({
    Test: check.tests === undefined ? undefined : [...check.tests],
    Interval: nanoseconds(check.interval ?? "0s"),
    Timeout: nanoseconds(check.timeout ?? "0s"),
    StartPeriod: nanoseconds(check.startPeriod ?? "0s"),
    // Engines before 25 do not know it.
    StartInterval: startInterval === 0 ? undefined : startInterval,
    Retries: check.retries ?? 0,
  });
}

function hostConfig(inputs: ContainerInputs, volumes: VolumeParts): HostConfig {
  return withoutUndefined({
    ...resources(inputs),
    AutoRemove: inputs.rm ?? false,
    Binds: volumes.binds,
    VolumesFrom: volumes.from,
    Mounts: inputs.mounts?.map(toMount) as (EngineMount[] & HostConfig["Mounts"]) | undefined,
    Tmpfs: inputs.tmpfs,
    PortBindings: portBindings(inputs.ports ?? []),
    PublishAllPorts: inputs.publishAllPorts ?? false,
    RestartPolicy: { Name: inputs.restart ?? "no", MaximumRetryCount: inputs.maxRetryCount ?? 0 },
    CapAdd: inputs.capabilities?.adds,
    CapDrop: inputs.capabilities?.drops,
    CgroupParent: inputs.cgroupParent,
    CgroupnsMode: inputs.cgroupnsMode,
    Dns: inputs.dns,
    DnsOptions: inputs.dnsOpts,
    DnsSearch: inputs.dnsSearches,
    ExtraHosts: inputs.hosts?.map(({ host, ip }) => `${host}:${ip}`),
    GroupAdd: inputs.groupAdds,
    Init: inputs.init,
    IpcMode: inputs.ipcMode,
    LogConfig:
      inputs.logDriver === undefined && inputs.logOpts === undefined
        ? undefined
        : { Type: inputs.logDriver ?? "", Config: inputs.logOpts ?? {} },
    NetworkMode: inputs.networkMode ?? "bridge",
    PidMode: inputs.pidMode,
    Privileged: inputs.privileged ?? false,
    ReadonlyRootfs: inputs.readOnly ?? false,
    Runtime: inputs.runtime,
    SecurityOpt: inputs.securityOpts,
    ShmSize: inputs.shmSize === undefined ? undefined : inputs.shmSize * MEBIBYTE,
    StorageOpt: inputs.storageOpts,
    Sysctls: inputs.sysctls,
    Ulimits: inputs.ulimits?.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    UsernsMode: inputs.usernsMode,
  });
}

function resources(inputs: ContainerInputs): HostConfig {
  const { cpus, memorySwap } = inputs;
  return withoutUndefined({
    CpuShares: inputs.cpuShares ?? 0,
    CpusetCpus: inputs.cpuSet ?? "",
    NanoCpus: cpus === undefined ? undefined : Math.round(Number(cpus) * 1e9),
    CpuPeriod: cpus === undefined ? inputs.cpuPeriod : undefined,
    CpuQuota: cpus === undefined ? inputs.cpuQuota : undefined,
    Memory: (inputs.memory ?? 0) * MEBIBYTE,
    MemoryReservation: (inputs.memoryReservation ?? 0) * MEBIBYTE,
    // -1 stands for unlimited swap.
    MemorySwap: memorySwap === undefined ? undefined : memorySwap > 0 ? memorySwap * MEBIBYTE : memorySwap,
  });
}

type Port = NonNullable<ContainerInputs["ports"]>[number];

function portKey(port: Port): string {
  return `${port.internal}/${port.protocol ?? "tcp"}`;
}

function exposedPorts(ports: readonly Port[]): Record<string, object> {
  return Object.fromEntries(ports.map((port) => [portKey(port), {}]));
}

function portBindings(ports: readonly Port[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const binding = {
      HostIp: port.ip ?? "0.0.0.0",
      HostPort: port.external === undefined ? "" : String(port.external),
    };
    bindings[portKey(port)] = [...(bindings[portKey(port)] ?? []), binding];
  }
  return bindings;
}

interface VolumeParts {
  readonly anonymous: Record<string, object>;
  readonly binds: string[];
  readonly from: string[];
}

function volumeParts(volumes: NonNullable<ContainerInputs["volumes"]>): VolumeParts {
  const parts: VolumeParts = { anonymous: {}, binds: [], from: [] };
  for (const volume of volumes) {
    const source = volume.hostPath ?? volume.volumeName;
    const { containerPath } = volume;
    if (volume.fromContainer !== undefined) {
      parts.from.push(volume.readOnly === true ? `${volume.fromContainer}:ro` : volume.fromContainer);
    } else if (containerPath === undefined) {
      throw new Error(`A volume of a container needs either containerPath or fromContainer; found neither`);
    } else if (source === undefined) {
      parts.anonymous[containerPath] = {};
    } else {
      const options = [volume.readOnly === true ? "ro" : "rw", volume.selinuxRelabel].filter(
        (option) => option !== undefined,
      );
      parts.binds.push(`${source}:${containerPath}:${options.join(",")}`);
    }
  }
  return parts;
}

// The engine takes an absent member for its default; some it refuses when they are null.
function withoutUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}
