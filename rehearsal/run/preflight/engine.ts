import type Docker from "dockerode";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import type { Finding } from "../../finding.ts";
import { bytes } from "../../report/format.ts";
import type { DemandedContainer } from "./production.ts";

/** A node of a swarm. */
export interface EngineNode {
  readonly name: string;
  /** As images name it: `amd64`. */
  readonly architecture: string;
  readonly version: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Whether it takes tasks. */
  readonly takesTasks: boolean;
  /** Its state and availability: `ready, active`. */
  readonly state: string;
}

interface FoundNode {
  readonly Spec: { readonly Availability: string };
  readonly Status: { readonly State: string };
  readonly Description: {
    readonly Hostname: string;
    readonly Platform: { readonly Architecture: string };
    readonly Resources: { readonly NanoCPUs: number; readonly MemoryBytes: number };
    readonly Engine: { readonly EngineVersion: string };
  };
}

interface RolledService {
  readonly Spec: { readonly Name: string };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string };
}

/** The engine answers to what this program asks from this version on. */
const OLDEST: readonly [major: number, minor: number] = [20, 10];
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", armv7l: "arm" };

/** The nodes of an engine's swarm. */
export async function engineNodes(engine: Docker): Promise<EngineNode[]> {
  const nodes = (await engine.listNodes()) as unknown as FoundNode[];
  return nodes.map(({ Spec, Status, Description }) => ({
    name: Description.Hostname,
    architecture: ARCHITECTURES[Description.Platform.Architecture] ?? Description.Platform.Architecture,
    version: Description.Engine.EngineVersion,
    memoryBytes: Description.Resources.MemoryBytes,
    cpus: Description.Resources.NanoCPUs / 1e9,
    takesTasks: Status.State === "ready" && Spec.Availability === "active",
    state: `${Status.State}, ${Spec.Availability}`,
  }));
}

/** Judges the nodes of production's swarm against what is to run there. */
export function nodeFindings(
  nodes: readonly EngineNode[],
  containers: readonly DemandedContainer[],
  rehearsedOn: string,
): Finding[] {
  const able = nodes.filter(({ takesTasks }) => takesTasks);
  if (able.length === 0) return [noNodeFinding(nodes)];
  const away = nodes.filter(({ takesTasks }) => !takesTasks);
  return [
    ...away.map(({ name, state }) => ({
      id: "preflight.node",
      severity: "warning" as const,
      subject: `node ${name}`,
      cause: `it takes no tasks (${state})`,
      consequence: "What it ran is on the other nodes, and what only it has (a volume, a label) is missing.",
      remedy: "Bring it back, or take it out of the swarm: docker node rm",
    })),
    ...able.flatMap((node) => versionFindings(node, rehearsedOn)),
    ...processorFindings(able, containers),
    ...memoryFindings(able, containers),
  ];
}

function noNodeFinding(nodes: readonly EngineNode[]): Finding {
  return {
    id: "preflight.node",
    severity: "blocking",
    subject: "the swarm of production's engine",
    cause: `no node takes tasks: ${nodes.map(({ name, state }) => `${name} (${state})`).join("; ") || "there is none"}`,
    consequence: "No task of the release starts, and the rollout fails.",
    remedy: "Make a node active: docker node update --availability active NODE",
  };
}

function versionFindings({ name, version }: EngineNode, rehearsedOn: string): Finding[] {
  const [major, minor] = numbers(version);
  const [wanted] = numbers(rehearsedOn);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (!old && major >= wanted) return [];
  return [
    {
      id: "preflight.engine-version",
      severity: old ? "blocking" : "warning",
      subject: `node ${name}`,
      cause: old
        ? `its engine is Docker ${version}; it must be ${OLDEST.join(".")} or newer`
        : `its engine is Docker ${version}, and the release was rehearsed on ${rehearsedOn}`,
      consequence: "What the release is declared with may be refused there, or mean something else.",
      remedy: "Upgrade the engine of that node, or rehearse on one of its version.",
    },
  ];
}

function processorFindings(nodes: readonly EngineNode[], containers: readonly DemandedContainer[]): Finding[] {
  const most = Math.max(...nodes.map(({ cpus }) => cpus));
  return containers
    .filter(({ cpus = 0 }) => cpus > most)
    .map(({ name, cpus = 0 }) => ({
      id: "preflight.processors",
      severity: "blocking",
      subject: name,
      cause: `its processor limit is ${cpus}, and the largest node has ${most}`,
      consequence: "The engine refuses to start such a container, and the rollout fails.",
      remedy: "Lower the limit for production, or give the node more processors.",
    }));
}

function memoryFindings(nodes: readonly EngineNode[], containers: readonly DemandedContainer[]): Finding[] {
  const most = Math.max(...nodes.map(({ memoryBytes }) => memoryBytes));
  const all = nodes.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  const tooLarge = containers.filter(({ memoryBytes }) => memoryBytes > most);
  if (tooLarge.length > 0) {
    return tooLarge.map(({ name, memoryBytes }) =>
      memoryFinding(name, `its limit is ${bytes(memoryBytes)}, and the largest node has ${bytes(most)}`, containers),
    );
  }
  const sum = (doubled: boolean) =>
    containers.reduce(
      (total, { memoryBytes, tasks, startFirst }) => total + memoryBytes * tasks * (doubled && startFirst ? 2 : 1),
      0,
    );
  if (sum(false) > all) {
    const cause = `the limits of all containers are ${bytes(sum(false))} together, and the nodes have ${bytes(all)}`;
    return [memoryFinding("the memory of production's nodes", cause, containers)];
  }
  if (sum(true) <= all) return [];
  const cause = `while an update runs old and new tasks, their limits are ${bytes(sum(true))} together, and the nodes have ${bytes(all)}`;
  return [memoryFinding("the memory of production's nodes", cause, containers)];
}

function memoryFinding(subject: string, cause: string, containers: readonly DemandedContainer[]): Finding {
  return {
    id: "preflight.memory",
    severity: "warning",
    subject,
    cause,
    consequence: "Where they use what they may, the kernel kills one of them: perhaps the database.",
    remedy: "Lower memory limits or tasks for production, or give the nodes more memory.",
    evidence: containers.map(({ name, tasks, memoryBytes }) => `${name}: ${tasks} × ${bytes(memoryBytes)}`),
  };
}

/** Services whose last update swarm stopped or took back: what is declared is not what runs. */
export function updateFindings(services: readonly RolledService[]): Finding[] {
  return services.flatMap(({ Spec, UpdateStatus }): Finding[] => {
    const state = UpdateStatus?.State ?? "";
    if (!/^(paused|rollback)/.test(state)) return [];
    return [
      {
        id: "preflight.update-failed",
        severity: "warning",
        subject: `service ${Spec.Name}`,
        cause: `its last update is ${state}: ${UpdateStatus?.Message ?? "no reason given"}`,
        consequence: "Production may run two releases, and the next deployment starts from there.",
        remedy: "Bring production to one release first: pulumi up --stack production",
      },
    ];
  });
}

/** The services of an environment on an engine. */
export async function servicesOf(engine: Docker, environment: string): Promise<RolledService[]> {
  const filters = { label: [`${ENVIRONMENT_LABEL}=${environment}`] };
  return (await engine.listServices({ filters })) as unknown as RolledService[];
}

function numbers(version: string): [major: number, minor: number] {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return [major, minor];
}
