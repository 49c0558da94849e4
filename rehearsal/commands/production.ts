import { existsSync } from "node:fs";
import { djangoVariables } from "../../components/django-process.ts";
import { environmentName } from "../../components/engine-objects.ts";
import { requiredPorts } from "../../components/preflight.ts";
import { parseCertificates } from "../../config/consistency.ts";
import type { Settings } from "../../config/settings.ts";
import { dockerClient, isLocal } from "../../engine/docker-client.ts";
import { newestEvidence } from "../evidence/store.ts";
import { checkoutReader, connectionsOf } from "../run/database/connection-users.ts";
import type { ConnectionUser } from "../run/database/headroom/connections.ts";
import { inClear, readDeclaration, type StateResource } from "../run/declaration.ts";
import { words } from "../run/drift/flat.ts";
import { RUN_APPLICATION } from "../run/logs/probes.ts";
import type {
  DemandedCertificate,
  DemandedContainer,
  DeployedProduction,
  GivenCertificate,
  NoProduction,
  Production,
  ProductionDemands,
  WrongSetting,
} from "../run/preflight/production.ts";
import { administrationOf, type LoadedStack, loginsOf, variablesBySetting } from "./run-context.ts";
import { stackImages } from "./run-subject.ts";
import { fileDifferences, hasStack, readSettings, stackResources, stackSections } from "./stack-settings.ts";

/** The stack that releases are meant for where nobody names another one. */
const PRODUCTION = "production";
const MIB = 1024 * 1024;

/**
 * What is known of the stack that a rehearsed release is meant for: its settings as they are once the release is promoted
 * into them, and what its last deployment has left.
 *
 * @param asked the stack's name, undefined where nobody named one: then there need not be any
 * @returns why there is none to look at, where that is no fault
 * @throws Error when the stack that was asked for is not there, or cannot be read
 */
export function productionOf(
  rehearsed: LoadedStack,
  asked: string | undefined,
  reports: string,
): Production | NoProduction {
  const stack = asked ?? PRODUCTION;
  if (asked === undefined) {
    if (!existsSync(`Pulumi.${stack}.yaml`)) return { none: `there is no Pulumi.${stack}.yaml` };
    if (!hasStack(stack))
      return { none: `the state backend has no stack ${stack}: it is deployed from elsewhere, or not yet` };
  }
  const sections = stackSections(stack);
  const resources = stackResources(stack);
  const isDeployed = readDeclaration(resources).services.length > 0;
  if (asked === undefined && !isDeployed && !namesCertificate(sections.own)) {
    return { none: `${stack} is not set up yet: it was never deployed, and its file names no certificate` };
  }
  const images = stackImages(rehearsed);
  if (images["application"] === undefined) {
    throw new Error(
      `stack ${rehearsed.fullName} must have deployed its release to the end: it has no output releaseReferences. Run: pulumi up --stack ${rehearsed.fullName}`,
    );
  }
  const own = { ...sections.own, images: { ...asMap(sections.own["images"]), release: images } };
  const { stack: slug, faults, settings } = readSettings(stack, { ...sections, own });
  const environment = environmentName(settings?.app.name ?? rehearsed.settings.app.name, slug);
  const all = [...faults, ...differences(stack)];
  const common = { stack, environment, project: rehearsed.settings.app.name, faults: all };
  if (settings === undefined) return { ...common, demands: undefined, deployed: undefined };
  const rehearsedIn = environmentName(rehearsed.settings.app.name, rehearsed.stack);
  return {
    ...common,
    demands: demandsOf(settings, environment, images),
    deployed: isDeployed ? deployedOf(settings, environment, resources, { reports, rehearsedIn }) : undefined,
  };
}

/** Whether a certificate is given, or is to be made: in a checkout that nobody has set up, its place is empty. */
function namesCertificate(own: Readonly<Record<string, unknown>>): boolean {
  const certificate = asMap(own["tls"])["certificate"];
  if (typeof certificate === "string") return certificate !== "";
  return asMap(certificate)["chain"] !== undefined && asMap(certificate)["chain"] !== "";
}

function differences(stack: string): WrongSetting[] {
  return fileDifferences(stack).map((difference) => ({
    path: /^rehearsal:\S+/.exec(difference)?.[0] ?? "settings",
    rule: "the same in every environment, or set in each",
    found: difference,
    remedy: "Make the files of sandbox and production agree in it, and rehearse again.",
  }));
}

function demandsOf(
  settings: Settings,
  environment: string,
  images: Readonly<Record<string, string>>,
): ProductionDemands {
  const { app, etl, gateway, database, engine } = settings;
  return {
    engine: dockerClient(engine.host),
    local: isLocal(engine.host),
    ports: requiredPorts(settings),
    networks: ["front", "app", "data"].map((role) => `${environment}-${role}`),
    images,
    registry: settings.images.registry,
    variables: variablesBySetting(settings),
    environmentVariables: {
      ...etl.environment,
      ...djangoVariables({
        release: "preflight",
        settingsModule: app.settingsModule,
        hostnames: gateway.hostnames,
        gatewayPort: gateway.port,
        environment: app.environment,
      }),
    },
    secrets: Object.keys(app.secrets),
    commands: [...app.command, ...(etl.command === "none" ? [] : etl.command)],
    skippedModules: settings.checks.skippedModules,
    containers: containersOf(settings, environment),
    certificate: certificateOf(settings),
    database: {
      ownServer: database.server === "container",
      extensions: database.extensions,
      maxConnections: database.maxConnections,
      users: usersOf(settings, environment),
    },
  };
}

function containersOf(settings: Settings, environment: string): DemandedContainer[] {
  const { app, etl, gateway, database } = settings;
  const container = (role: string, memoryMiB: number, more: Partial<DemandedContainer> = {}): DemandedContainer => ({
    name: `${environment}-${role}`,
    tasks: 1,
    memoryBytes: memoryMiB * MIB,
    cpus: undefined,
    startFirst: false,
    ...more,
  });
  return [
    container("app", app.memoryMiB, { tasks: app.replicas, cpus: app.cpus, startFirst: true }),
    container("static", settings.static.memoryMiB, { tasks: settings.static.replicas, startFirst: true }),
    container("gateway", gateway.memoryMiB, { startFirst: gateway.publish === "ingress" }),
    ...(etl.command === "none" ? [] : [container("etl", etl.memoryMiB, { cpus: etl.cpus })]),
    ...(database.server === "container" ? [container("database", database.memoryMiB)] : []),
  ];
}

function certificateOf({ tls, gateway, checks }: Settings): DemandedCertificate {
  return {
    hostnames: gateway.hostnames,
    gateway: { address: gateway.address, port: gateway.port },
    days: checks.certificateDays,
    given: tls.certificate === "generated" ? undefined : givenCertificate(tls.certificate),
  };
}

/** The first of a chain, and when the first of them ends; undefined where it is no chain, which the settings' faults say. */
function givenCertificate({
  chain,
  key,
  authority = "",
}: Exclude<Settings["tls"]["certificate"], "generated">): GivenCertificate | undefined {
  const certificates = parseCertificates(chain);
  const [server] = certificates;
  if (typeof certificates === "string" || typeof server === "string" || server === undefined) return undefined;
  return {
    fingerprint: server.fingerprint256,
    subject: server.subject.replaceAll("\n", ", "),
    endsAt: Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))),
    chain,
    key,
    authority,
  };
}

function usersOf({ app, etl, database: { server } }: Settings, environment: string): ConnectionUser[] {
  const roleName = (role: string) => `${server === "container" ? "" : server.rolePrefix}${role}`;
  const ofApp = {
    service: `${environment}-app`,
    tasks: app.replicas,
    perTask: connectionsOf(app.command, app.environment, checkoutReader(app.source)),
  };
  return [
    { ...ofApp, role: roleName("app"), main: true },
    { ...ofApp, role: roleName("report"), main: false },
    ...(etl.command === "none"
      ? []
      : [
          {
            service: `${environment}-etl`,
            role: roleName("etl"),
            tasks: 1,
            perTask: connectionsOf(etl.command, { ...app.environment, ...etl.environment }, checkoutReader(app.source)),
            main: true,
          },
        ]),
  ];
}

function deployedOf(
  settings: Settings,
  environment: string,
  resources: readonly StateResource[],
  { reports, rehearsedIn }: { readonly reports: string; readonly rehearsedIn: string },
): DeployedProduction {
  const declaration = readDeclaration(resources);
  const outputs = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const release = inClear(outputs["release"]);
  // Outputs are those of the last deployment that succeeded; the certificate may have come with one that did not.
  const held = resources.find(({ urn }) => urn.endsWith(`::${environment}-tls-authority`));
  const authority = asMap(inClear(held?.inputs?.["input"]))["root"];
  const administration = { ...administrationOf(settings, environment, resources), application: RUN_APPLICATION };
  const name = typeof release === "string" ? release : "unknown";
  return {
    release: name,
    declaration,
    authority: typeof authority === "string" ? authority : "",
    administration,
    logins: loginsOf(settings, declaration, administration),
    extensions: declaration.extensions.map((extension) => {
      const version = words(extension.inputs["version"]);
      return version === "" ? { name: extension.name } : { name: extension.name, version };
    }),
    rehearsed: newestEvidence(reports, rehearsedIn, name) !== undefined,
  };
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
