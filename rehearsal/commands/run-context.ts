import { environmentName } from "../../components/engine-objects.ts";
import { COMPLETE_STACKS } from "../../config/load-settings.ts";
import type { Settings } from "../../config/settings.ts";
import type { RoleName } from "../../engine/database-rights.ts";
import { dockerClient } from "../../engine/docker-client.ts";
import type { PostgresAddress } from "../../engine/postgres.ts";
import type { RoleLogin, RunContext, VariableNames, WorkerProcess } from "../run/context.ts";
import {
  type Declaration,
  type DeclaredObject,
  inClear,
  readDeclaration,
  type StateResource,
} from "../run/declaration.ts";
import { RUN_APPLICATION } from "../run/logs/probes.ts";
import { loadOptions } from "./run-load.ts";
import { siteOf } from "./run-site.ts";
import { declaredSecrets, functionalTests } from "./run-tests.ts";
import { namesInFile, stackResources, stackSettings } from "./stack-settings.ts";

const ROLES: readonly RoleName[] = ["owner", "app", "etl", "report"];
/** Maps of variables, which every environment must set in full. */
const VARIABLE_SETTINGS = ["app.environment", "app.secrets", "etl.environment"] as const;
const REPORTS = "reports";

/** What Pulumi knows of a stack. */
export interface LoadedStack {
  /** As given: what `pulumi --stack` takes. */
  readonly fullName: string;
  readonly stack: string;
  readonly settings: Settings;
  readonly resources: readonly StateResource[];
}

/** @throws Error when there is no such stack, or with every fault of its settings */
export function loadStack(fullName: string): LoadedStack {
  return { fullName, ...stackSettings(fullName), resources: stackResources(fullName) };
}

/**
 * What a run needs to know of a stack, from its settings and its state.
 *
 * @throws Error when it is not deployed
 */
export function runContext(loaded: LoadedStack, signal: AbortSignal, say: (line: string) => void): RunContext {
  const { fullName, stack, settings, resources } = loaded;
  const declaration = readDeclaration(resources);
  const environment = environmentName(settings.app.name, stack);
  const app = declaration.services.find(({ name }) => name === `${environment}-app`);
  if (app === undefined) {
    throw new Error(
      `stack ${fullName} must be deployed; its state holds no service ${environment}-app. Deploy it with: ` +
        `pulumi up --stack ${fullName}, or rehearse run --stack ${fullName} --deploy`,
    );
  }
  const administration = { ...administrationOf(settings, environment, resources), application: RUN_APPLICATION };
  const { image, variables } = containerOf(app);
  return {
    environment,
    release: variables["RELEASE"] ?? image,
    engine: dockerClient(settings.engine.host),
    site: siteOf(loaded),
    protectedData: settings.database.protect,
    declaration,
    process: {
      image,
      environment: variables,
      // Nothing is signed that anybody keeps.
      secrets: { ...settings.app.secrets, DJANGO_SECRET_KEY: "only for rehearsing" },
      memoryBytes: settings.app.memoryMiB * 1024 * 1024,
    },
    worker: workerOf(settings, environment, declaration),
    secrets: declaredSecrets(declaration, `${environment}-app`),
    ownerUrl: ownerUrl(settings, declaration),
    dataNetwork: `${environment}-data`,
    administration,
    ownServer: settings.database.server === "container",
    logins: loginsOf(settings, declaration, administration),
    postgresImage: postgresImage(resources),
    source: settings.app.source,
    variables: variableNames(fullName, settings),
    load: loadOptions(settings),
    tests: functionalTests(loaded, declaration),
    queries: settings.database.queries,
    accepted: settings.checks.accepted,
    reports: REPORTS,
    signal,
    say,
  };
}

function containerOf({ inputs }: DeclaredObject): { image: string; variables: Record<string, string> } {
  const { taskSpec } = inputs as {
    taskSpec: { containerSpec: { image: string; env?: Record<string, string> } };
  };
  return { image: taskSpec.containerSpec.image, variables: taskSpec.containerSpec.env ?? {} };
}

function workerOf({ etl }: Settings, environment: string, declaration: Declaration): WorkerProcess | undefined {
  const name = `${environment}-etl`;
  const service = declaration.services.find((declared) => declared.name === name);
  if (service === undefined || etl.command === "none") return undefined;
  const { image, variables } = containerOf(service);
  return {
    image,
    command: etl.command,
    environment: variables,
    secrets: declaredSecrets(declaration, name),
    memoryBytes: etl.memoryMiB * 1024 * 1024,
  };
}

export function administrationOf(
  { database }: Settings,
  environment: string,
  resources: readonly StateResource[],
): PostgresAddress {
  if (database.server !== "container") {
    const { host, port, username, password, sslmode } = database.server;
    return { host, port, username, password, sslmode, database: database.name };
  }
  const superuser = resources.find(({ urn }) => urn.endsWith(`::${environment}-database-superuser`));
  const password = inClear(superuser?.outputs?.["result"]);
  return {
    host: "127.0.0.1",
    port: database.adminPort,
    username: "postgres",
    password: typeof password === "string" ? password : "",
    database: database.name,
    sslmode: "disable",
  };
}

export function loginsOf(settings: Settings, declaration: Declaration, administration: PostgresAddress): RoleLogin[] {
  return ROLES.flatMap((role) => {
    const login = loginOf(role, settings, declaration);
    return login === undefined ? [] : [{ role, address: { ...administration, ...login } }];
  });
}

function loginOf(
  role: RoleName,
  { database: { server } }: Settings,
  declaration: Declaration,
): { username: string; password: string } | undefined {
  const name = `${server === "container" ? "" : server.rolePrefix}${role}`;
  const password = declaration.roles.find((declared) => declared.name === name)?.inputs["password"];
  return typeof password === "string" ? { username: name, password } : undefined;
}

/** As a process of the environment reaches the database. */
function ownerUrl(settings: Settings, declaration: Declaration): string {
  const { server, name } = settings.database;
  const { username, password } = loginOf("owner", settings, declaration) ?? { username: "owner", password: "" };
  const [host, parameters] =
    server === "container" ? ["database:5432", ""] : [`${server.host}:${server.port}`, `?sslmode=${server.sslmode}`];
  return `postgres://${username}:${password}@${host}/${name}${parameters}`;
}

/** The server's image of the release: a snapshot's has a cluster already. */
function postgresImage(resources: readonly StateResource[]): string {
  const image = resources.find(({ urn }) => urn.endsWith("-release-postgres"));
  const name = image?.outputs?.["imageName"] ?? image?.inputs?.["name"];
  return typeof name === "string" ? name : "";
}

/** The names of the variables that settings give to processes. */
export function variablesBySetting({ app, etl }: Pick<Settings, "app" | "etl">): Record<string, string[]> {
  return {
    "app.environment": Object.keys(app.environment),
    "app.secrets": Object.keys(app.secrets),
    "etl.environment": Object.keys(etl.environment),
  } satisfies Record<(typeof VARIABLE_SETTINGS)[number], string[]>;
}

function variableNames(stack: string, { app, etl }: Settings): VariableNames[] {
  const own = variablesBySetting({ app, etl });
  const files = COMPLETE_STACKS.flatMap((name) => {
    const variables = namesInFile(name, VARIABLE_SETTINGS);
    return variables === undefined ? [] : [{ name: `Pulumi.${name}.yaml`, variables }];
  });
  // A branch has the sandbox's and its own.
  return COMPLETE_STACKS.includes(stack) ? files : [{ name: `stack ${stack}`, variables: own }, ...files];
}
