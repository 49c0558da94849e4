import type { EngineMount } from "../mounts.ts";

/** A service's specification as the engine's API has it: durations in nanoseconds. */
export interface EngineServiceSpec {
  readonly Name: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly TaskTemplate: EngineTaskTemplate;
  readonly Mode: { readonly Replicated?: { readonly Replicas?: number }; readonly Global?: object };
  readonly UpdateConfig?: EngineRolling;
  readonly RollbackConfig?: EngineRolling;
  readonly EndpointSpec?: { readonly Mode?: string; readonly Ports?: readonly EnginePort[] | null };
}

export interface EngineTaskTemplate {
  readonly ContainerSpec: EngineContainerSpec;
  readonly Resources?: { readonly Limits?: EngineResources; readonly Reservations?: EngineResources };
  readonly RestartPolicy?: {
    readonly Condition?: string;
    readonly Delay?: number;
    readonly MaxAttempts?: number;
    readonly Window?: number;
  };
  readonly Placement?: {
    readonly Constraints?: readonly string[] | null;
    readonly Preferences?: readonly { readonly Spread: { readonly SpreadDescriptor: string } }[] | null;
    readonly Platforms?: readonly { readonly Architecture?: string; readonly OS?: string }[] | null;
    readonly MaxReplicas?: number;
  };
  readonly Networks?: readonly EngineAttachment[] | null;
  readonly LogDriver?: { readonly Name?: string; readonly Options?: Readonly<Record<string, string>> | null };
  readonly ForceUpdate?: number;
  readonly Runtime?: string;
}

export interface EngineContainerSpec {
  readonly Image: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Command?: readonly string[] | null;
  readonly Args?: readonly string[] | null;
  readonly Hostname?: string;
  readonly Env?: readonly string[] | null;
  readonly Dir?: string;
  readonly User?: string;
  readonly Groups?: readonly string[] | null;
  readonly Privileges?: {
    readonly SELinuxContext?: {
      readonly Disable?: boolean;
      readonly User?: string;
      readonly Role?: string;
      readonly Type?: string;
      readonly Level?: string;
    } | null;
  } | null;
  readonly ReadOnly?: boolean;
  readonly Mounts?: readonly EngineMount[] | null;
  readonly StopSignal?: string;
  readonly StopGracePeriod?: number;
  readonly Healthcheck?: {
    readonly Test?: readonly string[] | null | undefined;
    readonly Interval?: number | undefined;
    readonly Timeout?: number | undefined;
    readonly StartPeriod?: number | undefined;
    readonly Retries?: number | undefined;
  } | null;
  readonly Hosts?: readonly string[] | null;
  readonly DNSConfig?: {
    readonly Nameservers?: readonly string[] | null;
    readonly Search?: readonly string[] | null;
    readonly Options?: readonly string[] | null;
  } | null;
  readonly Secrets?: readonly EngineReference<"Secret">[] | null;
  readonly Configs?: readonly EngineReference<"Config">[] | null;
  readonly Isolation?: string;
  readonly Sysctls?: Readonly<Record<string, string>> | null;
  readonly CapabilityAdd?: readonly string[] | null;
  readonly CapabilityDrop?: readonly string[] | null;
  readonly Init?: boolean | null;
}

export type EngineReference<Kind extends string> = {
  readonly File?: { readonly Name: string; readonly UID?: string; readonly GID?: string; readonly Mode?: number };
} & Readonly<Record<`${Kind}ID`, string>> &
  Readonly<Partial<Record<`${Kind}Name`, string>>>;

export interface EngineResources {
  readonly NanoCPUs?: number;
  readonly MemoryBytes?: number;
}

export interface EngineAttachment {
  readonly Target: string;
  readonly Aliases?: readonly string[] | null;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
}

export interface EnginePort {
  readonly Name?: string;
  readonly Protocol?: string;
  readonly TargetPort: number;
  readonly PublishedPort?: number;
  readonly PublishMode?: string;
}

export interface EngineRolling {
  readonly Parallelism?: number;
  readonly Delay?: number;
  readonly FailureAction?: string;
  readonly Monitor?: number;
  readonly MaxFailureRatio?: number;
  readonly Order?: string;
}

export interface EngineService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: EngineServiceSpec;
  readonly Endpoint?: {
    readonly Spec?: { readonly Mode?: string };
    readonly Ports?: readonly EnginePort[] | null;
  };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string };
}

export interface EngineTask {
  readonly ID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly State: string;
    readonly Err?: string;
    readonly Message?: string;
    readonly Timestamp?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string };
  };
  readonly Spec?: { readonly ForceUpdate?: number };
  readonly Version: { readonly Index: number };
  readonly SpecVersion?: { readonly Index: number };
}
