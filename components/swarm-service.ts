import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { ENVIRONMENT_LABEL } from "../engine/leftovers.ts";
import { DECLARATION_LABEL, declarationLabel } from "../engine/service-rollout.ts";
import { duration } from "./durations.ts";
import { environmentLabels, leftoverHook } from "./engine-objects.ts";
import { HEALTH_TIMEOUT, steadyHealth } from "./steady-health.ts";

/** A file that reaches the tasks as a swarm secret or config. */
export interface MountedFile {
  /** Absolute path in the container. */
  readonly path: string;
  readonly id: pulumi.Input<string>;
  readonly name: pulumi.Input<string>;
}

/** Arguments of a service of the environment. */
export interface SwarmServiceArgs {
  /** Name of the service on the engine. */
  readonly serviceName: string;
  readonly environmentName: string;
  readonly image: pulumi.Input<string>;
  readonly command: readonly string[];
  /** Variables in clear; they show in `docker inspect`. */
  readonly variables?: Readonly<Record<string, pulumi.Input<string>>>;
  readonly secrets?: readonly MountedFile[];
  readonly configs?: readonly MountedFile[];
  /** Networks by id, with the name under which the others there find the service. */
  readonly networks: readonly { readonly id: pulumi.Input<string>; readonly alias: string }[];
  readonly volumes?: readonly {
    readonly name: pulumi.Input<string>;
    readonly path: string;
    readonly readOnly: boolean;
  }[];
  readonly healthCommand: readonly string[];
  /** How long a task may take to become healthy, in seconds. */
  readonly startSeconds: number;
  /** How long a task may take to stop after SIGTERM, in seconds. */
  readonly stopSeconds: number;
  readonly replicas: number;
  readonly memoryMiB: number;
  readonly cpus: number;
  /** `start-first` serves on during an update; `stop-first` for what must run once or owns a port. */
  readonly updateOrder: "start-first" | "stop-first";
  readonly port?: { readonly target: number; readonly published: number; readonly mode: "host" | "ingress" };
  readonly engine: Dockerode;
}

/** User of every process in the images of a release. */
const USER = "10001";

/**
 * A swarm service as every service of the environment is: not root, read-only root filesystem, no capability, bounded
 * memory, processors and logs, rolled back by swarm when its tasks do not become healthy.
 *
 * It is declared without waiting for convergence: all services converge side by side and `Rollout` waits for them.
 */
export class SwarmService extends pulumi.ComponentResource {
  public readonly serviceName: string;
  /** The value of the declaration label: another one for each declaration. */
  public readonly declaration: pulumi.Output<string>;
  /** What an update of this service can be seen by: its declaration, and how many tasks it has. */
  public readonly identity: pulumi.Output<string>;
  /** Whether this deployment has updated it: also one that put back what was changed by hand. */
  public readonly updated: pulumi.Output<boolean>;

  public constructor(name: string, args: SwarmServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:SwarmService", name, {}, opts);
    this.serviceName = args.serviceName;
    const task = taskSpec(args);
    let updated = false;
    const afterUpdate = new pulumi.ResourceHook(`${name}-updated`, () => {
      updated = true;
    });
    this.declaration = pulumi
      .output(task)
      .apply((spec) => declarationLabel(args.engine, args.serviceName, declarationHash(spec)));
    const service = new docker.Service(
      `${name}-service`,
      {
        name: args.serviceName,
        labels: [...environmentLabels(args.environmentName), { label: DECLARATION_LABEL, value: this.declaration }],
        mode: { replicated: { replicas: args.replicas } },
        taskSpec: {
          ...task,
          containerSpec: {
            ...task.containerSpec,
            labels: [
              { label: ENVIRONMENT_LABEL, value: args.environmentName },
              { label: DECLARATION_LABEL, value: this.declaration },
            ],
          },
        },
        endpointSpec: endpointSpec(args.port),
        updateConfig: {
          parallelism: 1,
          order: args.updateOrder,
          failureAction: "rollback",
          monitor: "3s",
          delay: "0s",
          maxFailureRatio: "0.0",
        },
        rollbackConfig: {
          parallelism: 1,
          order: args.updateOrder,
          failureAction: "pause",
          monitor: "0s",
          delay: "0s",
          maxFailureRatio: "0.0",
        },
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        hooks: {
          beforeCreate: [leftoverHook(args.engine, "service", args.serviceName, args.environmentName)],
          afterUpdate: [afterUpdate],
        },
      },
    );
    this.identity = pulumi.interpolate`${service.id} ${this.declaration} ${args.replicas}`;
    this.updated = service.id.apply(() => updated);
    this.registerOutputs();
  }
}

/** The task specification of a service but for its labels. */
export function taskSpec(args: SwarmServiceArgs) {
  return {
    containerSpec: {
      image: args.image,
      commands: [...args.command],
      env: { ...args.variables },
      user: `${USER}:${USER}`,
      readOnly: true,
      init: true,
      capDrops: ["ALL"],
      mounts: [
        // Spelled out in full, or the declared and the running mount differ for ever.
        { type: "tmpfs", target: "/tmp", source: "", readOnly: false, tmpfsOptions: { sizeBytes: 64 * 1024 * 1024 } },
        ...(args.volumes ?? []).map((volume) => ({
          type: "volume",
          target: volume.path,
          source: volume.name,
          readOnly: volume.readOnly,
        })),
      ],
      secrets: (args.secrets ?? []).map(({ path, id, name }) => ({
        secretId: id,
        secretName: name,
        fileName: path,
        fileUid: USER,
        fileGid: USER,
        fileMode: 0o400,
      })),
      configs: (args.configs ?? []).map(({ path, id, name }) => ({
        configId: id,
        configName: name,
        fileName: path,
        fileUid: USER,
        fileGid: USER,
        fileMode: 0o444,
      })),
      healthcheck: {
        tests: steadyHealth(args.healthCommand),
        interval: "2s",
        timeout: HEALTH_TIMEOUT,
        retries: 5,
        startPeriod: duration(args.startSeconds),
      },
      stopSignal: "SIGTERM",
      stopGracePeriod: duration(args.stopSeconds),
    },
    networksAdvanceds: args.networks.map(({ id, alias }) => ({ id, aliases: [alias] })),
    resources: {
      limits: { memoryBytes: args.memoryMiB * 1024 * 1024, nanoCpus: Math.round(args.cpus * 1_000_000_000) },
    },
    restartPolicy: { condition: "any", delay: "1s", maxAttempts: 0, window: "0s" },
    logDriver: { name: "json-file", options: { "max-size": "10m", "max-file": "3" } },
  } satisfies docker.types.input.ServiceTaskSpec;
}

function endpointSpec(port: SwarmServiceArgs["port"]): docker.types.input.ServiceEndpointSpec {
  // Ingress publishing needs a virtual address; everything else resolves to the tasks themselves, which works on
  // kernels without IPVS too.
  if (port === undefined) return { mode: "dnsrr" };
  return {
    mode: port.mode === "ingress" ? "vip" : "dnsrr",
    ports: [
      {
        protocol: "tcp",
        targetPort: port.target,
        publishedPort: port.published,
        publishMode: port.mode,
        name: "https",
      },
    ],
  };
}

function declarationHash(spec: unknown): string {
  return createHash("sha256").update(JSON.stringify(spec)).digest("hex").slice(0, 16);
}
