import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import type { Finding } from "../../finding.ts";
import type { ComparedStack } from "../context.ts";
import { undeclaredFinding } from "./findings.ts";
import { list, part, words } from "./flat.ts";

type Tree = Readonly<Record<string, unknown>>;

const SERVICE_LABEL = "com.docker.swarm.service.name";
/** What a command does in a container of its own is over in a moment, and is nobody's drift. */
const SETTLE_MILLISECONDS = 1500;

/** What belongs to the environment, by its label or by the networks that it is in, and is not declared. */
export async function undeclaredFindings(context: ComparedStack): Promise<Finding[]> {
  const first = await look(context);
  if (first.length === 0) return [];
  await sleep(SETTLE_MILLISECONDS, undefined, { signal: context.signal });
  const still = new Set((await look(context)).map(({ subject }) => subject));
  return first.filter(({ subject }) => still.has(subject));
}

async function look({ engine, environment, declaration }: ComparedStack): Promise<Finding[]> {
  const filters = { label: [`${ENVIRONMENT_LABEL}=${environment}`] };
  const [containers, services, networks, volumes, secrets, configs] = await Promise.all([
    engine.listContainers({ all: true }),
    engine.listServices(),
    engine.listNetworks({ filters }),
    engine.listVolumes({ filters }),
    engine.listSecrets({ filters }),
    engine.listConfigs({ filters }),
  ]);
  const ours = new Map(declaration.networks.map(({ id, name }) => [id, name]));
  const carries = `carries the label of ${environment}`;
  const names = (objects: readonly { readonly name: string }[]) => new Set(objects.map(({ name }) => name));
  const ids = (objects: readonly { readonly id: string }[]) => new Set(objects.map(({ id }) => id));
  const [knownServices, knownVolumes] = [names(declaration.services), names(declaration.volumes)];
  const [knownSecrets, knownConfigs] = [ids(declaration.secrets), ids(declaration.configs)];
  const findings: Finding[] = [];
  for (const container of containers) {
    if (isDeclared(container, names(declaration.containers), services)) continue;
    findings.push(...containerFindings(container, environment, ours));
  }
  for (const service of services) {
    const spec = (service.Spec ?? {}) as unknown as Tree;
    const name = words(spec["Name"]);
    if (knownServices.has(name)) continue;
    const attached = list(part(spec, "TaskTemplate"), "Networks").flatMap(
      ({ Target }) => ours.get(words(Target)) ?? [],
    );
    const why = whyOurs(part(spec, "Labels"), environment, attached);
    if (why !== undefined) findings.push(undeclaredFinding("service", name, why));
  }
  for (const { Id, Name } of networks) if (!ours.has(Id)) findings.push(undeclaredFinding("network", Name, carries));
  for (const { Name } of volumes.Volumes) {
    if (!knownVolumes.has(Name)) findings.push(undeclaredFinding("volume", Name, carries));
  }
  for (const { ID, Spec } of secrets) {
    if (!knownSecrets.has(ID)) findings.push(undeclaredFinding("secret", Spec?.Name ?? ID, carries));
  }
  for (const { ID, Spec } of configs) {
    if (!knownConfigs.has(ID)) findings.push(undeclaredFinding("config", Spec?.Name ?? ID, carries));
  }
  return findings;
}

/** A container of the stack, or a task of any service: services are looked at themselves. */
function isDeclared(
  { Names, Labels }: Docker.ContainerInfo,
  containers: ReadonlySet<string>,
  services: readonly Docker.Service[],
): boolean {
  const service = Labels[SERVICE_LABEL];
  if (service !== undefined && services.some(({ Spec }) => Spec?.Name === service)) return true;
  return Names.some((name) => containers.has(name.slice(1)));
}

/** One container that nothing declares; what it publishes on every address is told beside it. */
function containerFindings(
  container: Docker.ContainerInfo,
  environment: string,
  networks: ReadonlyMap<string, string>,
): Finding[] {
  const name = container.Names[0]?.slice(1) ?? container.Id.slice(0, 12);
  const attached = Object.values(container.NetworkSettings.Networks).flatMap(
    ({ NetworkID }) => networks.get(NetworkID) ?? [],
  );
  const why = whyOurs(container.Labels, environment, attached);
  if (why === undefined) return [];
  const open = container.Ports.filter(({ PublicPort, IP }) => PublicPort > 0 && ["0.0.0.0", "::", ""].includes(IP)).map(
    ({ PublicPort, PrivatePort }) => `${PublicPort} (${PrivatePort} inside)`,
  );
  const finding = undeclaredFinding("container", name, why, [`image ${container.Image}, ${container.Status}`]);
  const [port] = [...new Set(open)];
  if (port === undefined) return [finding];
  return [
    finding,
    {
      id: "drift.port",
      severity: "blocking",
      subject: `container ${name}, port ${port}`,
      cause: `declared is none, found is port ${port} published on every address of the host`,
      consequence: "Whoever reaches the host reaches the environment's network past the gateway and the firewall.",
      remedy: `Remove the container, or bind the port to 127.0.0.1: docker rm --force ${name}`,
      evidence: [...new Set(open)],
    },
  ];
}

function whyOurs(
  labels: Readonly<Record<string, unknown>>,
  environment: string,
  attached: readonly string[],
): string | undefined {
  if (attached.length > 0) return `is attached to network ${attached.join(", ")}`;
  return labels[ENVIRONMENT_LABEL] === environment ? `carries the label of ${environment}` : undefined;
}
