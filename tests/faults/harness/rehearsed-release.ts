import { DECLARATION_LABEL } from "../../../engine/service-rollout.ts";
import type { DeployedEnvironment } from "../../../rehearsal/checks/check.ts";
import { runContext } from "../../../rehearsal/commands/run-context.ts";
import type { ReleaseProcess } from "../../../rehearsal/migration/releases.ts";
import type { RunContext } from "../../../rehearsal/run/context.ts";
import { type DeclaredObject, inClear } from "../../../rehearsal/run/declaration.ts";
import type { Checkout } from "../../integration/environment/checkout.ts";
import { docker } from "../../integration/images/support.ts";
import type { DeployedPlace } from "./environments.ts";

/** What a release differs in from the one that was deployed. */
export interface NextRelease {
  readonly image?: string;
  /** More variables of application and ETL worker. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A release as it runs in the environment. */
export interface RehearsedRelease extends NextRelease {
  /** Declarations of the services that take part, by role. */
  readonly declarations: ReadonlyMap<string, string>;
  /** Milliseconds since 1970: what was logged before is not of it. */
  readonly since: number;
}

/** The parts of a service's declaration that a release changes. */
interface DeclaredInputs {
  readonly labels?: readonly DeclaredLabel[];
  readonly taskSpec: {
    readonly containerSpec: { image: string; env?: Record<string, string>; readonly labels?: readonly DeclaredLabel[] };
  };
}

interface DeclaredLabel {
  readonly label: string;
  value: string;
}

/** What a run's steps would be told if the program itself had deployed the release. */
export function contextOf({ loaded, name }: DeployedPlace, checkout: Checkout, release: RehearsedRelease): RunContext {
  const context = checkout.inside(() => runContext(loaded, new AbortController().signal, () => undefined));
  const services = context.declaration.services.map((service) => declaredBy(release, service, name));
  return {
    ...context,
    release: release.variables?.["RELEASE"] ?? context.release,
    declaration: { ...context.declaration, services },
    source: checkout.path(context.source),
    process: released(context.process, release),
    worker: context.worker === undefined ? undefined : released(context.worker, release),
  };
}

/** A process of the environment as the release runs it. */
function released<T extends ReleaseProcess>(process: T, { image, variables }: NextRelease): T {
  return { ...process, image: image ?? process.image, environment: { ...process.environment, ...variables } };
}

/** A service as the release declares it: what is changed by hand is in no declaration. */
function declaredBy(release: RehearsedRelease, service: DeclaredObject, environment: string): DeclaredObject {
  const now = { ...service, modified: new Date(release.since).toISOString() };
  const declaration = release.declarations.get(service.name.slice(environment.length + 1));
  if (declaration === undefined) return now;
  const inputs = structuredClone(service.inputs) as unknown as DeclaredInputs;
  const { containerSpec } = inputs.taskSpec;
  containerSpec.image = release.image ?? containerSpec.image;
  containerSpec.env = { ...containerSpec.env, ...release.variables };
  for (const one of [...(inputs.labels ?? []), ...(containerSpec.labels ?? [])])
    if (one.label === DECLARATION_LABEL) one.value = declaration;
  return { ...now, inputs: inputs as unknown as DeclaredObject["inputs"] };
}

/**
 * What the critical checks would be told of the environment.
 *
 * @param context of the release that is rehearsed
 * @param image of the release, where it is another one than was deployed
 */
export function deployedEnvironmentOf(
  place: DeployedPlace,
  context: RunContext,
  image: string | undefined,
): DeployedEnvironment {
  const { loaded, name } = place;
  const { settings, resources } = loaded;
  const output = resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
  const text = (value: unknown) => {
    const clear = inClear(value);
    return typeof clear === "string" ? clear : "";
  };
  const generated = (role: string) =>
    text(resources.find(({ urn }) => urn.endsWith(`::${name}-${role}`))?.outputs?.["result"]);
  const url = (role: string) => {
    const { username, password } = context.logins.find((login) => login.role === role)?.address ?? {};
    return `postgres://${username ?? ""}:${password ?? ""}@database:5432/${settings.database.name}`;
  };
  const ofRelease = ["app", "etl"];
  return {
    name,
    hostnames: settings.gateway.hostnames,
    gateway: { address: settings.gateway.address, port: settings.gateway.port },
    maxBodyMiB: settings.gateway.maxBodyMiB,
    authority: text(output["certificateAuthority"]),
    outside: settings.network.outside,
    paths: { page: settings.checks.page, api: settings.checks.api, adminLogin: settings.checks.adminLogin },
    checks: settings.checks,
    administrator: { username: settings.app.adminUsername, password: generated("admin-password") },
    services: Object.entries(place.services).map(([role, spec]) => ({
      role: role as "app",
      name: spec.Name,
      declaration: spec.Labels[DECLARATION_LABEL] ?? "",
      image: (ofRelease.includes(role) ? image : undefined) ?? spec.TaskTemplate.ContainerSpec.Image,
    })),
    database: context.administration,
    roles: { owner: "owner", app: "app", etl: "etl", report: "report" },
    releaseContainer: {
      name: `${name}-check`,
      image: context.process.image,
      environment: { ...context.process.environment, STATIC_READY_URL: "" },
      secrets: {
        ...settings.app.secrets,
        DATABASE_URL: url("app"),
        REPORT_DATABASE_URL: url("report"),
        DJANGO_SECRET_KEY: generated("django-secret-key"),
      },
      networks: [`${name}-data`],
      memoryBytes: settings.app.memoryMiB * 1024 * 1024,
    },
    engine: docker,
  };
}
