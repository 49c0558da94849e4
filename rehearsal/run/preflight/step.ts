import { engineFault } from "../../../engine/engine-fault.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import { listSnapshots } from "../../snapshot/snapshot-image.ts";
import type { RunContext } from "../context.ts";
import { OF_ENGINE, storagePlaces } from "../database/headroom/storage.ts";
import type { RunStep, StepOutcome } from "../step.ts";
import { databaseAsDeclared, engineAsDeclared } from "./as-declared.ts";
import { backupTools, restoreFindings, toolFindings } from "./backups.ts";
import { givenFindings, servedFindings } from "./certificate.ts";
import { type ProductionDatabase, productionDatabase } from "./database.ts";
import { djangoFindings } from "./django-settings.ts";
import { engineNodes, nodeFindings, servicesOf, updateFindings } from "./engine.ts";
import { architectureFindings, diskFindings, missingImages, rehearsedImages } from "./images.ts";
import { migrationStorage, rehearsedNeed } from "./migrations.ts";
import { portFindings, subnetFindings } from "./network.ts";
import type { DeployedProduction, Production, ProductionDemands } from "./production.ts";
import {
  historyFindings,
  loadFinding,
  type ReleaseInProduction,
  readFindings,
  releaseInProduction,
  settingsAsRehearsed,
} from "./release.ts";
import { unknownSchema } from "./schema.ts";
import { formFindings, parityFindings, settingFindings, takenForTrueFindings } from "./settings.ts";
import { strictClientFindings } from "./strict-clients.ts";

/** What production has that the sandbox cannot show: read there, and nothing is written. */
export const preflight: RunStep = {
  id: "preflight",
  title: "production takes the release",
  run: async (context) => {
    if (context.production === undefined) return skipped("no production is named");
    const production = context.production();
    if ("none" in production) return skipped(production.none);
    const { stack, faults, demands, deployed } = production;
    const findings = settingFindings(stack, faults);
    if (demands === undefined) {
      return { detail: `the settings of ${stack} are wrong, and nothing else was looked at`, findings };
    }
    const looked = await look(context, production, demands);
    return {
      detail: deployed === undefined ? `${stack} was never deployed: its settings and its engine` : looked.detail,
      findings: [...findings, ...looked.findings],
    };
  },
};

function skipped(reason: string): StepOutcome {
  return { detail: reason, findings: [], skipped: reason };
}

async function look(
  context: RunContext,
  production: Production,
  demands: ProductionDemands,
): Promise<{ readonly detail: string; readonly findings: readonly Finding[] }> {
  const { stack, environment, deployed } = production;
  const fault = await engineFault(demands.engine);
  if (fault !== undefined) throw new Error(unreachable(stack, fault));
  const findings = [
    ...parityFindings(ownVariables(context), { name: stack, variables: demands.variables }),
    ...formFindings(stack, Object.values(demands.variables).flat(), givenHere(context), demands.environmentVariables),
    ...(await engineFindings(context, production, demands)),
    ...givenFindings(stack, demands.certificate),
    ...(await strictClientFindings(stack, demands.certificate)),
  ];
  context.signal.throwIfAborted();
  if (deployed === undefined) {
    return { detail: "", findings: [...findings, ...(await releaseFindings(context, production, demands, undefined))] };
  }
  const [database, served, unlike] = await Promise.all([
    productionDatabase(context, stack, environment, demands, deployed),
    servedFindings(stack, demands.certificate, deployed.authority),
    engineAsDeclared(context, production, demands, deployed),
  ]);
  context.signal.throwIfAborted();
  findings.push(
    ...served,
    ...unlike,
    ...database.findings,
    ...(await backupFindings(context, production, demands, database)),
    ...(await releaseFindings(context, production, demands, database)),
  );
  const applied = database.read === undefined ? "" : `, ${counted(database.read.applied.length, "migration")} applied`;
  return {
    detail:
      `${stack} runs release ${deployed.release} (${deployed.rehearsed ? "rehearsed here" : "no evidence of it here"})${applied}; ${counted(demands.certificate.hostnames.length, "hostname")}, ` +
      `${counted(deployed.logins.length, "role")}, ${counted(Object.keys(demands.images).length, "image")} looked at`,
    findings,
  };
}

/** Variables of the rehearsed environment's processes, in clear. */
function givenHere({ worker, process }: RunContext): Readonly<Record<string, string>> {
  return { ...worker?.environment, ...process.environment };
}

function unreachable(stack: string, fault: string): string {
  return (
    `the engine of ${stack} must answer and manage a swarm; found ${fault}. Nothing of it was looked at. Make it reachable ` +
    "from here (engine.host; for ssh:// the agent's key), or rehearse where it is reached"
  );
}

async function engineFindings(
  context: RunContext,
  { stack, environment, deployed }: Production,
  demands: ProductionDemands,
): Promise<Finding[]> {
  const { engine } = demands;
  const [nodes, { ServerVersion }, images, missing] = [
    await engineNodes(engine),
    (await context.engine.info()) as { ServerVersion: string },
    await rehearsedImages(context.engine, demands.images),
    await missingImages(stack, demands),
  ];
  // Its root is on the disk of the engine's images.
  const disk =
    deployed === undefined ? undefined : (await storagePlaces(engine, `${environment}-database`, OF_ENGINE))?.at(0);
  return [
    ...nodeFindings(nodes, demands.containers, ServerVersion),
    ...architectureFindings(images, nodes),
    ...missing.findings,
    ...(disk === undefined ? [] : diskFindings(disk, images, missing.toPull)),
    ...(await portFindings(environment, demands)),
    ...(await subnetFindings(demands)),
    ...(deployed === undefined ? [] : updateFindings(await servicesOf(engine, environment))),
  ];
}

async function backupFindings(
  context: RunContext,
  { stack, environment, project }: Production,
  { engine, database: { ownServer } }: ProductionDemands,
  { read }: ProductionDatabase,
): Promise<Finding[]> {
  const snapshots = restoreFindings(stack, await listSnapshots(context.engine, project));
  if (read === undefined) return snapshots;
  // A server that somebody else runs is backed up with the programs of the release's own image, as a snapshot is taken.
  const tools = ownServer
    ? await backupTools(engine, `${environment}-database`)
    : await backupTools(context.engine, `${context.environment}-database`);
  return [...toolFindings(stack, tools ?? [], read.server.version), ...snapshots];
}

async function releaseFindings(
  context: RunContext,
  { stack, deployed }: Production,
  demands: ProductionDemands,
  database: ProductionDatabase | undefined,
): Promise<Finding[]> {
  const [told, here] = await Promise.all([
    releaseInProduction(context, demands, database?.read?.applied),
    settingsAsRehearsed(context),
  ]);
  if ("failed" in told) return [loadFinding(stack, told.failed)];
  const { variables, history, settings } = told.said;
  const storage =
    database?.read === undefined || history === null
      ? []
      : migrationStorage(
          stack,
          history.pending,
          await rehearsedNeed(context.reports, context.process.image),
          database.read,
        );
  return [
    ...readFindings(stack, variables),
    ...takenForTrueFindings(stack, settings.takenForTrue ?? [], givenHere(context), demands.environmentVariables),
    ...("failed" in here ? [] : djangoFindings(stack, demands.certificate.hostnames, here.said.values, settings)),
    ...(history === null ? [] : historyFindings(stack, history)),
    ...storage,
    ...(deployed === undefined || database?.read === undefined || history === null
      ? []
      : await databaseOrWhyNot(context, stack, demands.database.ownServer, deployed, history, database.read)),
  ];
}

/** A history that is not the release's own says nothing of what the schema must be, and is told already. */
async function databaseOrWhyNot(
  context: RunContext,
  stack: string,
  ownServer: boolean,
  deployed: DeployedProduction,
  { pending, unknown, inconsistencies }: NonNullable<ReleaseInProduction["history"]>,
  { applied, described, server }: NonNullable<ProductionDatabase["read"]>,
): Promise<Finding[]> {
  if (unknown.length > 0 || inconsistencies.length > 0) return [];
  try {
    const found = { ...described, version: server.version };
    return await databaseAsDeclared(context, stack, ownServer, deployed, { applied, pending }, found);
  } catch (error) {
    context.signal.throwIfAborted();
    return [unknownSchema(stack, error)];
  }
}

/** The variables of the rehearsed environment by setting. */
function ownVariables({ environment, variables: [own] }: RunContext) {
  return { name: own?.name ?? environment, variables: own?.variables ?? {} };
}
