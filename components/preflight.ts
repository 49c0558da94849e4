import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { dockerClient } from "../engine/docker-client.ts";
import { engineFault } from "../engine/engine-fault.ts";
import { requireImage } from "../engine/images.ts";
import type { EnvironmentSettings } from "./environment-settings.ts";

/**
 * Makes sure that the engine can run the environment, and holds the release that it is to take, before anything is declared:
 * resources fail each on its own, in words that name no setting, when others are made or changed already.
 *
 * @throws pulumi.RunError when the engine does not answer or manages no swarm, or an image is absent or another one
 */
export async function preflight({ engine, images }: Pick<EnvironmentSettings, "engine" | "images">): Promise<void> {
  const docker = dockerClient(engine.host);
  const fault = await engineFault(docker);
  if (fault !== undefined) {
    const rule = "the address of a Docker engine that answers and manages a swarm";
    refuse("The Docker engine cannot be used", [
      `rehearsal:engine.host must be ${rule}; found ${fault} at ${JSON.stringify(engine.host)}. Start Docker there and run ` +
        "docker swarm init, or set another address with: pulumi config set --path 'rehearsal:engine.host' ADDRESS",
    ]);
  }
  // Those of a registry are pulled when they are needed.
  if (images.release === "build" || images.registry !== "none") return;
  const missing = await imageFaults(docker, Object.entries(images.release));
  if (missing.length > 0) refuse("The release is not on the engine", missing);
}

async function imageFaults(docker: Dockerode, references: readonly (readonly [string, string])[]): Promise<string[]> {
  const faults: string[] = [];
  for (const [image, reference] of references) {
    try {
      await requireImage(docker, reference);
    } catch (error) {
      faults.push(`rehearsal:images.release.${image}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults;
}

function refuse(what: string, faults: readonly string[]): never {
  throw new pulumi.RunError([`${what}; nothing was changed.`, ...faults.map((fault) => `  ${fault}`)].join("\n"));
}
