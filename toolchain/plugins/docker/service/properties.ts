import type { ServiceArgs, types } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { PropertySpecs } from "../../framework/provider.ts";
import {
  block,
  count,
  type DockerSpec,
  decimal,
  duration,
  flag,
  labelSet,
  list,
  setOf,
  text,
  textMap,
  textSet,
  texts,
  unsupported,
} from "../specs.ts";

/** The inputs of a service after their check: the name is there, defaults are filled in. */
export type ServiceInputs = Omit<Unwrap<ServiceArgs>, "taskSpec"> & {
  readonly name: string;
  readonly taskSpec: TaskInputs;
};
export type TaskInputs = Omit<Unwrap<ServiceArgs>["taskSpec"], "networksAdvanceds"> & {
  readonly networksAdvanceds?: readonly NetworkInputs[];
};
/** The official plugin's own type calls `name` deprecated; programs may use it all the same. */
export interface NetworkInputs {
  readonly id?: string;
  readonly name?: string;
  readonly aliases?: readonly string[];
  readonly driverOpts?: readonly string[];
}
export type ContainerSpecInputs = TaskInputs["containerSpec"];

const required = { required: true };
const once = { forceNew: true };
const WORLD_READABLE = 0o444;

const mountedFile = {
  fileGid: text({ default: "0" }),
  fileMode: count({ default: WORLD_READABLE }),
  fileName: text(required),
  fileUid: text({ default: "0" }),
};

const containerSpec = {
  args: texts(),
  capAdds: textSet(),
  capDrops: textSet(),
  commands: texts(),
  configs: setOf(block({ ...mountedFile, configId: text(required), configName: text() })),
  dir: text(),
  dnsConfig: block({ nameservers: texts(), options: texts(), searches: texts() }),
  env: textMap(),
  groups: texts(),
  healthcheck: block(
    {
      interval: duration({ default: "0s" }),
      retries: count({ default: 0 }),
      startPeriod: duration({ default: "0s" }),
      tests: texts(),
      timeout: duration({ default: "0s" }),
    },
    { computedIfUnset: true },
  ),
  hostname: text(),
  hosts: setOf(block({ host: text(required), ip: text(required) }), once),
  image: text(required),
  init: flag(),
  isolation: text({ default: "default" }),
  labels: labelSet(),
  mounts: setOf(
    block({
      bindOptions: block({ propagation: text() }),
      readOnly: flag(),
      source: text(),
      target: text(required),
      tmpfsOptions: block({ mode: count(), sizeBytes: count() }),
      type: text(required),
      volumeOptions: block({ driverName: text(), driverOptions: textMap(), labels: labelSet(), noCopy: flag() }),
    }),
  ),
  privileges: block({
    credentialSpec: unsupported,
    seLinuxContext: block({ disable: flag(), level: text(), role: text(), type: text(), user: text() }),
  }),
  readOnly: flag(),
  secrets: setOf(block({ ...mountedFile, secretId: text(required), secretName: text() })),
  stopGracePeriod: duration({ computedIfUnset: true }),
  stopSignal: text(),
  sysctl: textMap(),
  user: text(),
} satisfies Record<keyof types.input.ServiceTaskSpecContainerSpec, DockerSpec>;

const taskSpec = {
  containerSpec: block(containerSpec, required),
  forceUpdate: count({ computedIfUnset: true }),
  logDriver: block({ name: text(required), options: textMap() }),
  networksAdvanceds: setOf(block({ aliases: textSet(), driverOpts: textSet(), id: text(), name: text() })),
  placement: block({
    constraints: textSet(),
    maxReplicas: count(),
    platforms: setOf(block({ architecture: text(required), os: text(required) })),
    prefs: textSet(),
  }),
  resources: block({
    limits: block({ memoryBytes: count(), nanoCpus: count() }),
    reservation: block({ genericResources: unsupported, memoryBytes: count(), nanoCpus: count() }),
  }),
  restartPolicy: block(
    { condition: text({ default: "any" }), delay: duration(), maxAttempts: count(), window: duration() },
    { computedIfUnset: true },
  ),
  runtime: text({ computedIfUnset: true }),
} satisfies Record<keyof types.input.ServiceTaskSpec, DockerSpec>;

const rolling = {
  delay: duration({ default: "0s" }),
  failureAction: text({ default: "pause" }),
  maxFailureRatio: decimal({ default: "0.0" }),
  monitor: duration({ default: "5s" }),
  order: text({ default: "stop-first" }),
  parallelism: count({ default: 1 }),
};

/** Defaults are the official plugin's. */
const inputs = {
  auth: block({ password: text({ secret: true }), serverAddress: text(required), username: text() }, once),
  convergeConfig: block({ delay: duration({ default: "7s" }), timeout: duration({ default: "3m" }) }),
  endpointSpec: block({
    mode: text({ computedIfUnset: true }),
    ports: list(
      block({
        name: text(),
        protocol: text({ default: "tcp" }),
        publishMode: text({ default: "ingress" }),
        publishedPort: count({ computedIfUnset: true }),
        targetPort: count(required),
      }),
    ),
  }),
  labels: labelSet(),
  mode: block({ global: flag(), replicated: block({ replicas: count({ default: 1 }) }) }),
  name: text(once),
  rollbackConfig: block(rolling),
  taskSpec: block(taskSpec, required),
  updateConfig: block(rolling),
} satisfies Record<keyof ServiceArgs, DockerSpec>;

export const serviceProperties: PropertySpecs = inputs;
