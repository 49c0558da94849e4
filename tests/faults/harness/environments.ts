import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import Docker from "dockerode";
import type { TestProject } from "vitest/node";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import { type LoadedStack, loadStack } from "../../../rehearsal/commands/run-context.ts";
import { Checkout } from "../../integration/environment/checkout.ts";
import { removeImages } from "../../integration/environment/running-environment.ts";
import { PROJECT, stackOf } from "./names.ts";
import { removeEnvironment } from "./remove-left.ts";

/** A deployed environment that faults are applied to. */
export interface DeployedPlace {
  /** Beginning of all its names on the engine. */
  readonly name: string;
  readonly stack: string;
  /** Folder of the program that declares it. */
  readonly folder: string;
  readonly loaded: LoadedStack;
  /** The services as the deployment left them, by role. */
  readonly services: Readonly<Record<string, ServiceSpec>>;
}

/** A service's specification, as the engine gives and takes it. */
export interface ServiceSpec {
  Name: string;
  Labels: Record<string, string>;
  TaskTemplate: {
    ContainerSpec: {
      Image: string;
      Command?: string[];
      Env?: string[];
      Labels?: Record<string, string>;
      Healthcheck?: Record<string, unknown>;
      Secrets?: { File?: { Name: string }; SecretID: string; SecretName: string }[];
      Configs?: { File?: { Name: string }; ConfigID: string; ConfigName: string }[];
      Mounts?: Record<string, unknown>[];
    };
    Networks?: { Target: string; Aliases?: string[] }[];
    RestartPolicy?: Record<string, unknown>;
  };
  Mode: { Replicated?: { Replicas: number } };
  UpdateConfig?: Record<string, unknown>;
  EndpointSpec?: { Mode?: string; Ports?: Record<string, unknown>[] };
}

declare module "vitest" {
  interface ProvidedContext {
    /** One for each file that is run at a time. */
    places: readonly DeployedPlace[];
  }
}

/** With this variable the environments outlive the run, and the next run takes them as they are. */
const KEEP = process.env["FAULTS_KEEP"] === "1";
const KEPT = path.resolve(import.meta.dirname, "../../../.toolchain/fault-environments.json");
/** Faults may be tried on a machine that is busy with other things. */
const PATIENCE_SECONDS = 600;

/**
 * Deploys the environments for all faults, by the program itself, and removes them when all are done. Each plays both parts,
 * one after the other, since sandbox and production are equal by construction: first it is production without a guard, where
 * a fault arrives as a team without a rehearsal releases (`docker service update` with the engine's own defaults, a change by
 * hand, a statement in the database); then it is the sandbox, where the same change is rehearsed.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const kept = KEEP ? keptPlaces() : undefined;
  if (kept !== undefined) {
    project.provide("places", kept);
    return () => Promise.resolve();
  }
  const deployed: Deployed[] = [];
  const remove = async () => {
    for (const { stack, checkout } of deployed) await checkout.remove(stack);
    await removeImages(PROJECT);
  };
  try {
    // One after the other: the first builds what the others take from the engine's cache.
    for (let number = 1; number <= project.config.maxWorkers; number++) {
      const stack = stackOf(number);
      const checkout = new Checkout();
      deployed.push({ stack, checkout });
      await deploy(stack, checkout);
    }
    const places = await Promise.all(deployed.map(deployedPlace));
    project.provide("places", places);
    if (!KEEP) return remove;
    mkdirSync(path.dirname(KEPT), { recursive: true });
    writeFileSync(KEPT, JSON.stringify(places));
    return () => Promise.resolve();
  } catch (error) {
    await remove();
    throw error;
  }
}

interface Deployed {
  readonly stack: string;
  readonly checkout: Checkout;
}

async function deploy(stack: string, checkout: Checkout): Promise<void> {
  // A run that was interrupted has left it; nothing that it was told of is left.
  await removeEnvironment(new Docker(), `${PROJECT}-${stack}`);
  for (const file of ["sandbox", "production"]) {
    checkout.configure(file, {
      app: { name: PROJECT, drainSeconds: 0 },
      rollout: { timeoutSeconds: PATIENCE_SECONDS },
    });
  }
  checkout.configure("sandbox", { app: { replicas: 1 } });
  await checkout.succeed("stack", "init", stack);
  await checkout.succeed("up", "--yes", "--skip-preview", "--stack", stack);
}

async function deployedPlace({ stack, checkout }: Deployed): Promise<DeployedPlace> {
  const name = `${PROJECT}-${stack}`;
  const engine = new Docker();
  const found = await engine.listServices({ filters: { label: [`${ENVIRONMENT_LABEL}=${name}`] } });
  const services = Object.fromEntries(
    found.map(({ Spec }) => [(Spec?.Name ?? "").slice(name.length + 1), Spec as unknown as ServiceSpec]),
  );
  return { name, stack, folder: checkout.folder, loaded: checkout.inside(() => loadStack(stack)), services };
}

function keptPlaces(): DeployedPlace[] | undefined {
  try {
    return JSON.parse(readFileSync(KEPT, "utf8")) as DeployedPlace[];
  } catch {
    rmSync(KEPT, { force: true });
    return undefined;
  }
}
