import type Docker from "dockerode";
import type { OneShot } from "../engine/one-shot.ts";
import { concreteHostname } from "./checks/gateway-client.ts";

/** Where the gateway listens inside of the environment's networks. */
const GATEWAY_PORT = 8443;

/** The gateway of an environment, as containers in the environment's networks reach it. */
export interface InsideGateway {
  /** Name of the environment. */
  readonly environment: string;
  /** Name of the gateway's service. */
  readonly service: string;
  /** Full hostnames; `*.name` for a wildcard. */
  readonly hostnames: readonly string[];
  /** Certificate of the authority to verify with (PEM); empty where a public one has issued. */
  readonly authority: string;
}

/**
 * What a container needs to speak with the gateway as the environment's users do: over TLS, by its hostnames, which no
 * DNS knows there, and with its authority trusted.
 *
 * @param variable the one that says under which URL the environment is found
 */
export async function throughGateway(
  docker: Docker,
  gateway: InsideGateway,
  variable: string,
): Promise<Required<Pick<OneShot, "networks" | "hosts" | "environment" | "secrets">>> {
  const { environment, hostnames, authority } = gateway;
  const address = await gatewayAddress(docker, gateway);
  const concrete = hostnames.map(concreteHostname);
  return {
    networks: [`${environment}-app`],
    hosts: Object.fromEntries(concrete.map((hostname) => [hostname, address])),
    environment: { [variable]: `https://${concrete[0] ?? ""}:${GATEWAY_PORT}` },
    // Not a secret, but with its line breaks not a variable that reads well in `docker inspect` either.
    secrets: authority === "" ? {} : { BASE_URL_AUTHORITY: authority },
  };
}

/** The gateway's address in the network that it shares with the application. */
async function gatewayAddress(docker: Docker, { environment, service }: InsideGateway): Promise<string> {
  const filters = { service: [service], "desired-state": ["running"] };
  const tasks = (await docker.listTasks({ filters })) as unknown as {
    NetworksAttachments?: { Network: { Spec: { Name: string } }; Addresses?: string[] }[];
  }[];
  const attachments = tasks.flatMap(({ NetworksAttachments }) => NetworksAttachments ?? []);
  const found = attachments.find(({ Network }) => Network.Spec.Name === `${environment}-app`)?.Addresses?.[0];
  if (found === undefined) throw new Error(`${service} must run in the network ${environment}-app; no task of it does`);
  return found.replace(/\/\d+$/, "");
}
