import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { ENVIRONMENT_LABEL, type LeftoverKind, removeLeftover, requireVolumeUnused } from "../engine/leftovers.ts";
import type { MountedFile } from "./swarm-service.ts";

/** Name of an environment, and the beginning of all its names on the engine. */
export function environmentName(project: string, stack: string): string {
  return `${project}-${stack}`;
}

/** Labels of everything on the engine that belongs to an environment. */
export function environmentLabels(environment: string): { label: string; value: string }[] {
  return [{ label: ENVIRONMENT_LABEL, value: environment }];
}

/** A hook that clears away what an interrupted deployment created and did not live to record. */
export function leftoverHook(
  engine: Dockerode,
  kind: LeftoverKind,
  name: string,
  environment: string,
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(`remove-leftover-${kind}-${name}`, async () => {
    const removed = await removeLeftover(engine, kind, name, environment);
    if (removed) await pulumi.log.info(`${kind} ${name} was left by an interrupted deployment and is made anew`);
  });
}

/** A hook that stops the deployment where somebody works on a volume that its state does not know. */
export function unusedVolumeHook(engine: Dockerode, name: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook(`require-unused-volume-${name}`, () => requireVolumeUnused(engine, name));
}

/**
 * A swarm secret, as the file `/run/secrets/<file>` of the tasks.
 *
 * Its name on the engine is Pulumi's own: a secret cannot change, so that a new one is made, the services take it, and
 * the old one is deleted.
 */
export function secretFile(
  name: string,
  environment: string,
  file: string,
  content: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): MountedFile {
  const data = pulumi.secret(content).apply((text) => Buffer.from(text).toString("base64"));
  const secret = new docker.Secret(name, { data, labels: environmentLabels(environment) }, opts);
  return { path: `/run/secrets/${file}`, id: secret.id, name: secret.name };
}

/**
 * The value of an output for code that runs later, such as a hook: undefined while it is not known, as in a preview of
 * what does not exist yet.
 */
export function laterValue<T>(output: pulumi.Output<T>): () => Promise<T | undefined> {
  let known: T | undefined;
  const resolved = new Promise<T>((resolve) => {
    output.apply((value) => {
      known = value;
      resolve(value);
    });
  });
  return async () => (pulumi.runtime.isDryRun() ? known : await resolved);
}

/** Runs what is no resource's hook and may fail: the deployment ends with its words, without a stack trace. */
export async function asStep<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new pulumi.RunError(error instanceof Error ? error.message : String(error));
  }
}
