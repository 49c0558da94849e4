import { healthConfig } from "../container/create-body.ts";
import { nanoseconds } from "../durations.ts";
import { toLabels } from "../labels.ts";
import { toMount } from "../mounts.ts";
import type {
  EngineAttachment,
  EngineContainerSpec,
  EnginePort,
  EngineReference,
  EngineResources,
  EngineRolling,
  EngineServiceSpec,
  EngineTaskTemplate,
} from "./engine-types.ts";
import type { ContainerSpecInputs, NetworkInputs, ServiceInputs, TaskInputs } from "./properties.ts";

/**
 * The engine's request for a service. `current` is what the engine has of it, for what the program leaves to the
 * engine: the counter of forced updates, which would restart all tasks if it went back.
 */
export function serviceSpec(inputs: ServiceInputs, current?: EngineServiceSpec): EngineServiceSpec {
  const { updateConfig, rollbackConfig, endpointSpec } = inputs;
  return {
    Name: inputs.name,
    Labels: toLabels(inputs.labels),
    TaskTemplate: taskTemplate(inputs.taskSpec, current?.TaskTemplate),
    Mode:
      inputs.mode?.global === true
        ? { Global: {} }
        : { Replicated: { Replicas: inputs.mode?.replicated?.replicas ?? 1 } },
    ...(updateConfig === undefined ? {} : { UpdateConfig: rolling(updateConfig) }),
    ...(rollbackConfig === undefined ? {} : { RollbackConfig: rolling(rollbackConfig) }),
    ...(endpointSpec === undefined
      ? {}
      : { EndpointSpec: { Mode: endpointSpec.mode ?? "vip", Ports: (endpointSpec.ports ?? []).map(port) } }),
  };
}

function taskTemplate(task: TaskInputs, current: EngineTaskTemplate | undefined): EngineTaskTemplate {
  const { resources, restartPolicy, placement, logDriver } = task;
  return {
    ContainerSpec: containerSpec(task.containerSpec),
    ForceUpdate: task.forceUpdate ?? current?.ForceUpdate ?? 0,
    ...(task.runtime === undefined ? {} : { Runtime: task.runtime }),
    ...(task.networksAdvanceds === undefined ? {} : { Networks: task.networksAdvanceds.map(attachment) }),
    ...(logDriver === undefined ? {} : { LogDriver: { Name: logDriver.name, Options: logDriver.options ?? {} } }),
    ...(resources === undefined
      ? {}
      : {
          Resources: {
            ...(resources.limits === undefined ? {} : { Limits: amounts(resources.limits) }),
            ...(resources.reservation === undefined ? {} : { Reservations: amounts(resources.reservation) }),
          },
        }),
    ...(restartPolicy === undefined
      ? {}
      : {
          RestartPolicy: {
            Condition: restartPolicy.condition ?? "any",
            ...duration("Delay", restartPolicy.delay),
            ...duration("Window", restartPolicy.window),
            MaxAttempts: restartPolicy.maxAttempts ?? 0,
          },
        }),
    ...(placement === undefined
      ? {}
      : {
          Placement: {
            Constraints: placement.constraints ?? [],
            Preferences: (placement.prefs ?? []).map((pref) => ({ Spread: { SpreadDescriptor: pref } })),
            Platforms: (placement.platforms ?? []).map(({ architecture, os }) => ({
              Architecture: architecture,
              OS: os,
            })),
            MaxReplicas: placement.maxReplicas ?? 0,
          },
        }),
  };
}

function containerSpec(container: ContainerSpecInputs): EngineContainerSpec {
  const { dnsConfig, healthcheck, privileges } = container;
  const { seLinuxContext } = privileges ?? {};
  return {
    Image: container.image,
    Labels: toLabels(container.labels),
    Isolation: container.isolation ?? "default",
    ReadOnly: container.readOnly ?? false,
    ...given("Command", container.commands),
    ...given("Args", container.args),
    ...given("Hostname", container.hostname),
    ...given("Dir", container.dir),
    ...given("User", container.user),
    ...given("Groups", container.groups),
    ...given("StopSignal", container.stopSignal),
    ...given("Sysctls", container.sysctl),
    ...given("CapabilityAdd", container.capAdds),
    ...given("CapabilityDrop", container.capDrops),
    ...given("Init", container.init),
    ...duration("StopGracePeriod", container.stopGracePeriod),
    // Sorted, so that the same variables in another order do not roll the service.
    ...given("Env", container.env === undefined ? undefined : environment(container.env)),
    ...given("Mounts", container.mounts?.map(toMount)),
    ...given(
      "Hosts",
      container.hosts?.map(({ host, ip }) => `${ip} ${host}`),
    ),
    ...given("Healthcheck", healthcheck === undefined ? undefined : healthConfig(healthcheck)),
    ...given(
      "DNSConfig",
      dnsConfig === undefined
        ? undefined
        : { Nameservers: dnsConfig.nameservers, Search: dnsConfig.searches ?? [], Options: dnsConfig.options ?? [] },
    ),
    ...given(
      "Privileges",
      seLinuxContext === undefined
        ? undefined
        : {
            SELinuxContext: {
              Disable: seLinuxContext.disable ?? false,
              User: seLinuxContext.user ?? "",
              Role: seLinuxContext.role ?? "",
              Type: seLinuxContext.type ?? "",
              Level: seLinuxContext.level ?? "",
            },
          },
    ),
    ...given(
      "Secrets",
      container.secrets?.map(
        (secret): EngineReference<"Secret"> => ({
          SecretID: secret.secretId,
          ...given("SecretName", secret.secretName),
          File: mountedFile(secret),
        }),
      ),
    ),
    ...given(
      "Configs",
      container.configs?.map(
        (config): EngineReference<"Config"> => ({
          ConfigID: config.configId,
          ...given("ConfigName", config.configName),
          File: mountedFile(config),
        }),
      ),
    ),
  };
}

function mountedFile(file: {
  readonly fileName: string;
  readonly fileUid?: string | undefined;
  readonly fileGid?: string | undefined;
  readonly fileMode?: number | undefined;
}): { Name: string; UID: string; GID: string; Mode: number } {
  return { Name: file.fileName, UID: file.fileUid ?? "0", GID: file.fileGid ?? "0", Mode: file.fileMode ?? 0o444 };
}

function attachment(network: NetworkInputs): EngineAttachment {
  const target = network.id ?? network.name;
  if (target === undefined)
    throw new Error("Each of networksAdvanceds of a service needs the id of a network; found none");
  const options = (network.driverOpts ?? []).map((option): [string, string] => {
    const at = option.indexOf("=");
    return at < 0 ? [option, ""] : [option.slice(0, at), option.slice(at + 1)];
  });
  return {
    Target: target,
    ...given("Aliases", network.aliases),
    ...(options.length === 0 ? {} : { DriverOpts: Object.fromEntries(options) }),
  };
}

function port(declared: NonNullable<NonNullable<ServiceInputs["endpointSpec"]>["ports"]>[number]): EnginePort {
  return {
    ...given("Name", declared.name),
    Protocol: declared.protocol ?? "tcp",
    TargetPort: declared.targetPort,
    ...given("PublishedPort", declared.publishedPort),
    PublishMode: declared.publishMode ?? "ingress",
  };
}

function rolling(config: NonNullable<ServiceInputs["updateConfig"]>): EngineRolling {
  return {
    Parallelism: config.parallelism ?? 1,
    Delay: nanoseconds(config.delay ?? "0s"),
    FailureAction: config.failureAction ?? "pause",
    Monitor: nanoseconds(config.monitor ?? "5s"),
    MaxFailureRatio: Number(config.maxFailureRatio ?? "0.0"),
    Order: config.order ?? "stop-first",
  };
}

function amounts(resources: {
  readonly memoryBytes?: number | undefined;
  readonly nanoCpus?: number | undefined;
}): EngineResources {
  return { NanoCPUs: resources.nanoCpus ?? 0, MemoryBytes: resources.memoryBytes ?? 0 };
}

function environment(variables: Readonly<Record<string, string>>): string[] {
  return Object.keys(variables)
    .sort()
    .map((name) => `${name}=${variables[name] ?? ""}`);
}

function given<Key extends string, Value>(key: Key, value: Value): { [K in Key]?: Exclude<Value, undefined> } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Exclude<Value, undefined> };
}

function duration<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: number } {
  return given(key, nanoseconds(value));
}
