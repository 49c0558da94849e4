import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import Docker from "dockerode";
import type { TestProject } from "vitest/node";
import { ENVIRONMENT_LABEL } from "../../../engine/leftovers.ts";
import { type LoadedStack, loadStack } from "../../../rehearsal/commands/run-context.ts";
import { Checkout } from "../../integration/environment/checkout.ts";
import { removeLabelled } from "../../integration/environment/left-behind.ts";
import { removeImages } from "../../integration/environment/running-environment.ts";

/** A deployed environment that faults are applied to. */
export interface DeployedPlace {
  /** Beginning of all its names on the engine. */
  readonly name: string;
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
    place: DeployedPlace;
  }
}

const PROJECT = "faulty";
const STACK = "staged";
/** With this variable the environment outlives the run, and the next run takes it as it is. */
const KEEP = process.env["FAULTS_KEEP"] === "1";
const KEPT = path.resolve(import.meta.dirname, "../../../.toolchain/fault-environment.json");
/** Faults may be tried on a machine that is busy with other things. */
const PATIENCE_SECONDS = 600;

/**
 * Deploys one environment for all faults, by the program itself, and removes it when all are done. It plays both parts, one
 * after the other, since sandbox and production are equal by construction: first it is production without a guard, where a
 * fault arrives as a team without a rehearsal releases (`docker service update` with the engine's own defaults, a change by
 * hand, a statement in the database); then it is the sandbox, where the same change is rehearsed.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const kept = KEEP ? keptPlace() : undefined;
  if (kept !== undefined) {
    project.provide("place", kept);
    return () => Promise.resolve();
  }
  // A run that was interrupted has left it; nothing that it was told of is left.
  await removeLabelled(new Docker(), `${ENVIRONMENT_LABEL}=${PROJECT}-${STACK}`);
  const checkout = new Checkout();
  for (const stack of ["sandbox", "production"]) {
    checkout.configure(stack, {
      app: { name: PROJECT, drainSeconds: 0 },
      rollout: { timeoutSeconds: PATIENCE_SECONDS },
    });
  }
  checkout.configure("sandbox", { app: { replicas: 1 } });
  const remove = async () => {
    await checkout.remove(STACK);
    await removeImages(PROJECT);
  };
  try {
    await checkout.succeed("stack", "init", STACK);
    await checkout.succeed("up", "--yes", "--skip-preview", "--stack", STACK);
    const place = await deployedPlace(checkout, STACK);
    project.provide("place", place);
    if (!KEEP) return remove;
    mkdirSync(path.dirname(KEPT), { recursive: true });
    writeFileSync(KEPT, JSON.stringify(place));
    return () => Promise.resolve();
  } catch (error) {
    await remove();
    throw error;
  }
}

async function deployedPlace(checkout: Checkout, stack: string): Promise<DeployedPlace> {
  const name = `${PROJECT}-${stack}`;
  const engine = new Docker();
  const found = await engine.listServices({ filters: { name: [`${name}-`] } });
  const services = Object.fromEntries(
    found.map(({ Spec }) => [(Spec?.Name ?? "").slice(name.length + 1), Spec as unknown as ServiceSpec]),
  );
  return { name, folder: checkout.folder, loaded: checkout.inside(() => loadStack(stack)), services };
}

function keptPlace(): DeployedPlace | undefined {
  try {
    return JSON.parse(readFileSync(KEPT, "utf8")) as DeployedPlace;
  } catch {
    rmSync(KEPT, { force: true });
    return undefined;
  }
}
