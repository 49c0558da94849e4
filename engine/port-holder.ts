import { createServer } from "node:net";
import type Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "./leftovers.ts";

/** What has a port of the engine's host. */
export interface PortHolder {
  /** For a sentence: `service shop-production-gateway`. */
  readonly what: string;
  /** The environment that it belongs to, where it belongs to one. */
  readonly environment: string | undefined;
}

/** A port of the engine's host that an environment takes. */
export interface RequiredPort {
  /** The setting that names it, `section.key`. */
  readonly setting: string;
  readonly port: number;
  /** At which it is published. */
  readonly address: string;
}

type Labels = Readonly<Record<string, string>>;

interface PublishingService {
  readonly Spec: { readonly Name: string; readonly Labels?: Labels };
  readonly Endpoint?: { readonly Ports?: readonly { readonly PublishedPort?: number }[] };
}

/**
 * Those of the ports that something else has than the environment itself, with what has them.
 *
 * @param local whether the engine is of this machine: what is no part of an engine elsewhere cannot be seen from here
 */
export async function takenPorts(
  docker: Docker,
  environment: string,
  ports: readonly RequiredPort[],
  local: boolean,
): Promise<(RequiredPort & { readonly holder: string })[]> {
  const taken: (RequiredPort & { readonly holder: string })[] = [];
  for (const required of ports) {
    const { port, address } = required;
    const publisher = await portPublisher(docker, port);
    if (publisher?.environment === environment) continue;
    const holder = publisher?.what ?? (local && (await portTaken(address, port)) ? "another process" : undefined);
    if (holder !== undefined) taken.push({ ...required, holder });
  }
  return taken;
}

/** What of the engine publishes a port, a stopped task's service too; undefined where nothing does. */
export async function portPublisher(docker: Docker, port: number): Promise<PortHolder | undefined> {
  const services = (await docker.listServices()) as unknown as PublishingService[];
  const service = services.find(({ Endpoint }) => Endpoint?.Ports?.some(({ PublishedPort }) => PublishedPort === port));
  if (service !== undefined) {
    return { what: `service ${service.Spec.Name}`, environment: service.Spec.Labels?.[ENVIRONMENT_LABEL] };
  }
  const containers = await docker.listContainers();
  const container = containers.find(({ Ports }) => Ports.some(({ PublicPort }) => PublicPort === port));
  if (container === undefined) return undefined;
  const name = (container.Names[0] ?? container.Id).replace(/^\//, "");
  return { what: `container ${name}`, environment: container.Labels[ENVIRONMENT_LABEL] };
}

/** Whether a process of this machine listens on a port already. Whatever else forbids listening is not an answer. */
export async function portTaken(address: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code === "EADDRINUSE");
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      server.close(() => {
        resolve(false);
      });
    });
  });
}
