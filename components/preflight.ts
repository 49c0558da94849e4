import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { dockerClient, isLocal } from "../engine/docker-client.ts";
import { engineFault } from "../engine/engine-fault.ts";
import { requireImage } from "../engine/images.ts";
import { type RequiredPort, takenPorts } from "../engine/port-holder.ts";
import { environmentName } from "./engine-objects.ts";
import type { EnvironmentSettings } from "./environment-settings.ts";

/** The settings that an engine may be unable to meet. */
type Demands = Pick<EnvironmentSettings, "app" | "engine" | "gateway" | "database" | "images">;

/**
 * Makes sure that the engine can run the environment, that its ports are free and the release that it is to take is there,
 * before anything is declared: resources fail each on its own, in words that name no setting, when others are made or
 * changed already.
 *
 * @throws pulumi.RunError with every fault that was found
 */
export async function preflight(stack: string, settings: Demands): Promise<void> {
  const docker = dockerClient(settings.engine.host);
  const fault = await engineFault(docker);
  const faults =
    fault === undefined
      ? [
          ...(await portFaults(docker, environmentName(settings.app.name, stack), settings)),
          ...(await imageFaults(docker, settings)),
        ]
      : [
          `rehearsal:engine.host must be the address of a Docker engine that answers and manages a swarm; found ${fault} at ` +
            `${JSON.stringify(settings.engine.host)}. Start Docker there and run docker swarm init, or set another address ` +
            "with: pulumi config set --path 'rehearsal:engine.host' ADDRESS",
        ];
  if (faults.length === 0) return;
  const lines = faults.map((line) => `  ${line}`);
  throw new pulumi.RunError(["The engine cannot run this environment; nothing was changed.", ...lines].join("\n"));
}

async function portFaults(docker: Dockerode, environment: string, demands: Demands): Promise<string[]> {
  const taken = await takenPorts(docker, environment, requiredPorts(demands), isLocal(demands.engine.host));
  return taken.map(
    ({ setting, port, holder }) =>
      `rehearsal:${setting} must be a port that is free on the engine's host; found ${port}, which ${holder} has. Stop ` +
      `that, or set another port with: pulumi config set --path 'rehearsal:${setting}' PORT`,
  );
}

/** The ports of the host that an environment takes. */
export function requiredPorts({ gateway, database }: Pick<Demands, "gateway" | "database">): RequiredPort[] {
  return [
    { setting: "gateway.port", port: gateway.port, address: "0.0.0.0" },
    ...(database.server === "container"
      ? [{ setting: "database.adminPort", port: database.adminPort, address: "127.0.0.1" }]
      : []),
  ];
}

async function imageFaults(docker: Dockerode, { images }: Demands): Promise<string[]> {
  // Those of a registry are pulled when they are needed.
  if (images.release === "build" || images.registry !== "none") return [];
  const faults: string[] = [];
  for (const image of ["application", "static", "gateway", "postgres"] as const) {
    try {
      await requireImage(docker, images.release[image]);
    } catch (error) {
      faults.push(`rehearsal:images.release.${image}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults;
}
