import type { Properties } from "../../framework/provider.ts";
import { formatDuration } from "../durations.ts";
import { fromLabels } from "../labels.ts";
import { fromMount } from "../mounts.ts";
import type {
  EngineContainerSpec,
  EnginePort,
  EngineReference,
  EngineRolling,
  EngineService,
  EngineServiceSpec,
  EngineTaskTemplate,
} from "./engine-types.ts";
import type { ServiceInputs } from "./properties.ts";

/** Networks that the engine knows, id to name. */
export type NetworkNames = ReadonlyMap<string, string>;

/**
 * What the engine has of a service, as inputs. Where a network or an image can be declared in more than one way, as
 * `declared` does it.
 */
export function liveInputs(
  spec: EngineServiceSpec,
  declared: ServiceInputs | undefined,
  networks: NetworkNames,
): Properties {
  return {
    name: spec.Name,
    labels: fromLabels(spec.Labels),
    taskSpec: liveTask(spec.TaskTemplate, declared, networks),
    mode:
      spec.Mode.Global === undefined
        ? { replicated: { replicas: spec.Mode.Replicated?.Replicas ?? 0 } }
        : { global: true },
    updateConfig: liveRolling(spec.UpdateConfig),
    rollbackConfig: liveRolling(spec.RollbackConfig),
    endpointSpec: {
      mode: spec.EndpointSpec?.Mode,
      ports: (spec.EndpointSpec?.Ports ?? []).map(livePort),
    },
  };
}

/** The outputs of a service: its inputs, and where the program left it open, what the engine chose. */
export function serviceState(inputs: ServiceInputs, service: EngineService): Properties {
  const { Spec, Endpoint } = service;
  const chosen = Endpoint?.Ports ?? [];
  const ports = inputs.endpointSpec?.ports?.map((port) => {
    const published = chosen.find((candidate) => candidate.TargetPort === port.targetPort)?.PublishedPort;
    return { ...port, ...(published === undefined ? {} : { publishedPort: port.publishedPort ?? published }) };
  });
  const task = Spec.TaskTemplate;
  return {
    ...inputs,
    labels: inputs.labels ?? [],
    mode: inputs.mode ?? { global: false, replicated: { replicas: 1 } },
    endpointSpec: {
      ...inputs.endpointSpec,
      mode: inputs.endpointSpec?.mode ?? Spec.EndpointSpec?.Mode ?? "vip",
      ...(ports === undefined ? {} : { ports }),
    },
    taskSpec: {
      ...inputs.taskSpec,
      forceUpdate: inputs.taskSpec.forceUpdate ?? task.ForceUpdate ?? 0,
      runtime: inputs.taskSpec.runtime ?? task.Runtime ?? "container",
    },
  };
}

function liveTask(task: EngineTaskTemplate, declared: ServiceInputs | undefined, networks: NetworkNames): Properties {
  const { Resources, RestartPolicy, Placement, LogDriver } = task;
  return {
    containerSpec: liveContainer(task.ContainerSpec, declared?.taskSpec.containerSpec.image),
    forceUpdate: task.ForceUpdate ?? 0,
    runtime: task.Runtime,
    networksAdvanceds: liveNetworks(task, declared, networks),
    logDriver: LogDriver === undefined ? undefined : { name: LogDriver.Name, options: LogDriver.Options ?? {} },
    resources: {
      limits: { memoryBytes: Resources?.Limits?.MemoryBytes ?? 0, nanoCpus: Resources?.Limits?.NanoCPUs ?? 0 },
      reservation: {
        memoryBytes: Resources?.Reservations?.MemoryBytes ?? 0,
        nanoCpus: Resources?.Reservations?.NanoCPUs ?? 0,
      },
    },
    restartPolicy: {
      condition: RestartPolicy?.Condition ?? "any",
      delay: optionalDuration(RestartPolicy?.Delay),
      maxAttempts: RestartPolicy?.MaxAttempts ?? 0,
      window: optionalDuration(RestartPolicy?.Window),
    },
    placement: {
      constraints: Placement?.Constraints ?? [],
      prefs: (Placement?.Preferences ?? []).map((preference) => preference.Spread.SpreadDescriptor),
      maxReplicas: Placement?.MaxReplicas ?? 0,
      platforms: declaredPlatforms(Placement?.Platforms ?? [], declared),
    },
  };
}

function liveContainer(spec: EngineContainerSpec, image: string | undefined): Properties {
  const { Healthcheck, DNSConfig, Privileges } = spec;
  const context = Privileges?.SELinuxContext;
  // Docker's own client, and so a change by hand, appends the digest that a tag stood for.
  const pinned = image !== undefined && spec.Image.startsWith(`${image}@sha256:`);
  return {
    image: pinned ? image : spec.Image,
    labels: fromLabels(spec.Labels),
    commands: spec.Command ?? [],
    args: spec.Args ?? [],
    hostname: spec.Hostname,
    env: Object.fromEntries((spec.Env ?? []).map(splitVariable)),
    dir: spec.Dir,
    user: spec.User,
    groups: spec.Groups ?? [],
    readOnly: spec.ReadOnly ?? false,
    mounts: (spec.Mounts ?? []).map(fromMount),
    stopSignal: spec.StopSignal,
    stopGracePeriod: optionalDuration(spec.StopGracePeriod),
    healthcheck: {
      tests: Healthcheck?.Test ?? [],
      interval: formatDuration(Healthcheck?.Interval ?? 0),
      timeout: formatDuration(Healthcheck?.Timeout ?? 0),
      startPeriod: formatDuration(Healthcheck?.StartPeriod ?? 0),
      retries: Healthcheck?.Retries ?? 0,
    },
    hosts: (spec.Hosts ?? []).map((entry) => {
      const [ip, host] = entry.split(" ");
      return { ip, host };
    }),
    dnsConfig: {
      nameservers: DNSConfig?.Nameservers ?? [],
      searches: DNSConfig?.Search ?? [],
      options: DNSConfig?.Options ?? [],
    },
    privileges: {
      seLinuxContext: {
        disable: context?.Disable ?? false,
        user: context?.User ?? "",
        role: context?.Role ?? "",
        type: context?.Type ?? "",
        level: context?.Level ?? "",
      },
    },
    secrets: (spec.Secrets ?? []).map((reference) => ({
      secretId: reference.SecretID,
      secretName: reference.SecretName,
      ...liveFile(reference),
    })),
    configs: (spec.Configs ?? []).map((reference) => ({
      configId: reference.ConfigID,
      configName: reference.ConfigName,
      ...liveFile(reference),
    })),
    isolation: spec.Isolation === undefined || spec.Isolation === "" ? "default" : spec.Isolation,
    sysctl: spec.Sysctls ?? {},
    capAdds: spec.CapabilityAdd ?? [],
    capDrops: spec.CapabilityDrop ?? [],
    init: spec.Init ?? false,
  };
}

function liveFile(reference: EngineReference<"Secret"> | EngineReference<"Config">): Properties {
  const file = reference.File;
  return { fileName: file?.Name, fileUid: file?.UID, fileGid: file?.GID, fileMode: file?.Mode ?? 0 };
}

// The engine knows networks by id; a program may also name them.
function liveNetworks(
  task: EngineTaskTemplate,
  declared: ServiceInputs | undefined,
  names: NetworkNames,
): Properties[] {
  const declaredNetworks = declared?.taskSpec.networksAdvanceds ?? [];
  return (task.Networks ?? []).map(({ Target, Aliases, DriverOpts }) => {
    const isTarget = (reference: string | undefined): boolean =>
      reference === Target || (reference !== undefined && names.get(Target) === reference);
    const same = declaredNetworks.find(({ id, name }) => isTarget(id ?? name));
    return {
      ...(same === undefined ? { id: Target } : { id: same.id, name: same.name }),
      aliases: Aliases ?? [],
      driverOpts: Object.entries(DriverOpts ?? {}).map(([key, value]) => `${key}=${value}`),
    };
  });
}

// Docker's own client fills the platforms in from the image's manifest.
function declaredPlatforms(
  platforms: readonly { readonly Architecture?: string; readonly OS?: string }[],
  declared: ServiceInputs | undefined,
): Properties[] {
  if (declared !== undefined && declared.taskSpec.placement?.platforms === undefined) return [];
  return platforms.map(({ Architecture, OS }) => ({ architecture: Architecture, os: OS }));
}

function liveRolling(config: EngineRolling | undefined): Properties | undefined {
  if (config === undefined) return undefined;
  return {
    parallelism: config.Parallelism ?? 0,
    delay: formatDuration(config.Delay ?? 0),
    failureAction: config.FailureAction ?? "pause",
    monitor: formatDuration(config.Monitor ?? 0),
    maxFailureRatio: ratio(config.MaxFailureRatio ?? 0),
    order: config.Order ?? "stop-first",
  };
}

// The engine keeps ratios with 32 bits: 0.1 comes back as 0.10000000149011612.
function ratio(value: number): string {
  const rounded = Number(value.toPrecision(6));
  return Number.isInteger(rounded) ? rounded.toFixed(1) : String(rounded);
}

function livePort(port: EnginePort): Properties {
  return {
    name: port.Name,
    protocol: port.Protocol ?? "tcp",
    targetPort: port.TargetPort,
    publishedPort: port.PublishedPort,
    publishMode: port.PublishMode ?? "ingress",
  };
}

function optionalDuration(value: number | undefined): string | undefined {
  return value === undefined ? undefined : formatDuration(value);
}

function splitVariable(variable: string): [string, string] {
  const at = variable.indexOf("=");
  return at < 0 ? [variable, ""] : [variable.slice(0, at), variable.slice(at + 1)];
}
