import path from "node:path";
import type Docker from "dockerode";
import { isNotFound } from "../../../engine/docker-client.ts";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import type { Finding } from "../../finding.ts";
import type { ComparedStack } from "../context.ts";
import type { DeclaredObject } from "../declaration.ts";
import { changedFiles, changedFilesFinding, type FileChange } from "./changed-files.ts";
import { declaredContainer, foundContainer, type ImageDefaults } from "./container-spec.ts";
import { absentFinding, differenceFinding } from "./findings.ts";
import { compareFlat, flat, labels, list, part, words } from "./flat.ts";
import { declaredService, foundService } from "./service-spec.ts";
import { taskDifferences } from "./task-container.ts";

type Tree = Readonly<Record<string, unknown>>;

interface Task {
  readonly ID: string;
  readonly ServiceID: string;
  readonly Status: { readonly State: string; readonly ContainerStatus?: { readonly ContainerID?: string } };
}

/** What of the declared services, containers, networks and volumes is not as it is declared. */
export async function engineFindings(context: ComparedStack): Promise<Finding[]> {
  const { declaration } = context;
  const findings = await Promise.all([
    ...declaration.services.map((service) => serviceFindings(context, service)),
    ...declaration.containers.map((container) => containerFindings(context, container)),
    ...declaration.networks.map((network) => networkFindings(context, network)),
    ...declaration.volumes.map((volume) => volumeFindings(context, volume)),
  ]);
  return findings.flat();
}

async function serviceFindings(context: ComparedStack, { name, inputs }: DeclaredObject): Promise<Finding[]> {
  const service = await found(() => context.engine.getService(name).inspect() as Promise<{ ID: string; Spec: Tree }>);
  if (service === undefined) return [absentFinding("service", name)];
  const differences = compareFlat(declaredService(inputs), foundService(service.Spec));
  const tasks = (await context.engine.listTasks({
    filters: { service: [name], "desired-state": ["running"] },
  })) as unknown as Task[];
  const running = tasks.filter(({ Status }) => Status.State === "running");
  const declared = part(inputs, "mode", "replicated")["replicas"] ?? 1;
  if (differences.every(({ property }) => property !== "tasks") && running.length !== Number(declared)) {
    differences.push({ property: "tasks running", declared: words(declared), found: String(running.length) });
  }
  const inTasks = await Promise.all(running.map((task) => taskFindings(context, name, inputs, service.Spec, task)));
  return [...differences.map((difference) => differenceFinding("service", name, difference)), ...inTasks.flat()];
}

async function taskFindings(
  context: ComparedStack,
  service: string,
  inputs: Tree,
  spec: Tree,
  task: Task,
): Promise<Finding[]> {
  const id = task.Status.ContainerStatus?.ContainerID;
  if (id === undefined) return [];
  // A task of another node, or one that has just been replaced.
  const inspected = await found(() => context.engine.getContainer(id).inspect());
  if (inspected === undefined) return [];
  const container = part(inputs, "taskSpec", "containerSpec");
  const files = ["secrets", "configs"].flatMap((kind) => list(container, kind).map((file) => words(file["fileName"])));
  const name = inspected.Name.slice(1);
  const networks = new Map(context.declaration.networks.map((network) => [network.id, network.name]));
  const imageId = context.declaration.imageIds.get(words(container["image"]));
  const differences = taskDifferences(inspected, spec, networks, imageId);
  return [
    ...differences.map((difference) => differenceFinding("container", `${name} of ${service}`, difference)),
    ...changedFilesFinding(name, await changesIn(context, inspected, files)),
  ];
}

async function containerFindings(context: ComparedStack, { name, inputs }: DeclaredObject): Promise<Finding[]> {
  const inspected = await found(() => context.engine.getContainer(name).inspect());
  if (inspected === undefined) return [absentFinding("container", name)];
  const image = await found(() => context.engine.getImage(inspected.Image).inspect());
  const defaults: ImageDefaults = {
    variables: (image?.Config.Env as string[] | null | undefined) ?? [],
    labels: (image?.Config.Labels as Record<string, string> | null | undefined) ?? {},
  };
  const declared = declaredContainer(inputs);
  const differences = compareFlat(declared, foundContainer(inspected, defaults, declared));
  const imageId = context.declaration.imageIds.get(words(inputs["image"]));
  if (imageId !== undefined && imageId !== inspected.Image) {
    differences.push({ property: "image's content", declared: imageId, found: inspected.Image });
  }
  return [
    ...differences.map((difference) => differenceFinding("container", name, difference)),
    ...changedFilesFinding(name, await changesIn(context, inspected, dataFolder(inspected))),
  ];
}

/** A database from a snapshot has its data in the container itself, where it changes all the time. */
function dataFolder({ Config }: Docker.ContainerInspectInfo): string[] {
  const data = Config.Env.find((line) => line.startsWith("PGDATA="))?.slice("PGDATA=".length);
  return data === undefined ? [] : [path.posix.dirname(data)];
}

async function changesIn(
  { engine }: ComparedStack,
  { Id, Mounts, HostConfig }: Docker.ContainerInspectInfo,
  files: readonly string[],
): Promise<FileChange[]> {
  const answer: unknown = await engine.getContainer(Id).changes();
  // For no change the engine answers null, which its client takes for bytes.
  const changes = Array.isArray(answer) ? (answer as FileChange[]) : [];
  const mounted = [...Mounts.map(({ Destination }) => Destination), ...Object.keys(HostConfig.Tmpfs ?? {})];
  return changedFiles(changes, [...mounted, ...files]);
}

async function networkFindings({ engine }: ComparedStack, { name, id, inputs }: DeclaredObject): Promise<Finding[]> {
  const network = await found(() => engine.getNetwork(id).inspect() as Promise<unknown> as Promise<Tree>);
  if (network === undefined) return [absentFinding("network", name)];
  const declared = flat([
    ["driver", inputs["driver"]],
    ["internal", inputs["internal"]],
    ["attachable", inputs["attachable"]],
    ...labels(inputs["labels"]),
  ]);
  const seen = flat([
    ["driver", network["Driver"]],
    ["internal", network["Internal"]],
    ["attachable", network["Attachable"]],
    ...labels(network["Labels"]),
  ]);
  return compareFlat(declared, seen).map((difference) => differenceFinding("network", name, difference));
}

async function volumeFindings({ engine, environment }: ComparedStack, { name }: DeclaredObject): Promise<Finding[]> {
  const volume = await found(() => engine.getVolume(name).inspect());
  if (volume === undefined) return [absentFinding("volume", name)];
  const declared = flat([
    ["driver", "local"],
    [`label ${ENVIRONMENT_LABEL}`, environment],
  ]);
  const { Driver, Labels } = volume;
  const seen = flat([["driver", Driver], ...labels(Labels)]);
  return compareFlat(declared, seen).map((difference) => differenceFinding("volume", name, difference));
}

/** What the engine knows of something; undefined where it has none. */
async function found<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
