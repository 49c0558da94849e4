import * as pulumi from "@pulumi/pulumi";
import { dockerClient } from "../engine/docker-client.ts";
import { engineFault } from "../engine/engine-fault.ts";

/**
 * Makes sure that the engine is there before anything is declared: otherwise each resource fails on its own, in words that
 * name no setting.
 *
 * @throws pulumi.RunError when it does not answer or manages no swarm
 */
export async function requireEngine(host: string): Promise<void> {
  const fault = await engineFault(dockerClient(host));
  if (fault === undefined) return;
  throw new pulumi.RunError(
    [
      "The Docker engine cannot be used; nothing was changed.",
      `  rehearsal:engine.host must be the address of a Docker engine that answers and manages a swarm; found ${fault} at ` +
        `${JSON.stringify(host)}. Start Docker there and run docker swarm init, or set another address with: ` +
        "pulumi config set --path 'rehearsal:engine.host' ADDRESS",
    ].join("\n"),
  );
}
