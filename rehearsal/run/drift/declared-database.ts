import { randomBytes } from "node:crypto";
import type pg from "pg";
import { startOneShot } from "../../../engine/one-shot.ts";
import { type PostgresAddress, withConnection } from "../../../engine/postgres.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { type CatalogueDescription, describeCatalogue } from "../../snapshot/catalogue-description.ts";
import { removeServer, startWorkServer } from "../../snapshot/server-container.ts";
import { SNAPSHOT_LABEL } from "../../snapshot/snapshot-image.ts";
import type { RunContext } from "../context.ts";
import type { Declaration } from "../declaration.ts";
import { words } from "./flat.ts";
import { type Rights, readRights } from "./rights.ts";

type Tree = Readonly<Record<string, unknown>>;

/** A database as it is declared: what its migrations build, and who may do what in it. */
export interface DescribedDatabase {
  readonly catalogue: CatalogueDescription;
  readonly rights: Rights;
}

const RUNTIME = "/opt/rehearsal/run";
const HOST = "declared-database";
const QUOTED = 12;
/** Throw-away data: nothing is worth waiting for the disk. */
const PARAMETERS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/**
 * Builds what the stack declares of its database on a throw-away server: roles, database, extensions, rights, and with
 * the running release's image all migrations from zero.
 *
 * @throws Error with the release's own words where its migrations cannot be run from zero
 */
export async function declaredDatabase(context: RunContext): Promise<DescribedDatabase> {
  const { engine, environment, declaration, signal } = context;
  const networkName = `${environment}-drift-${randomBytes(4).toString("hex")}`;
  const network = await engine.createNetwork({
    Name: networkName,
    Internal: true,
    Labels: temporaryLabels(),
  });
  try {
    const server = await startWorkServer(engine, context.postgresImage, "drift", PARAMETERS, signal);
    try {
      await engine.getNetwork(network.id).connect({
        Container: server.container.id,
        EndpointConfig: { Aliases: [HOST] },
      });
      const password = randomBytes(18).toString("hex");
      const database = context.administration.database;
      await withConnection(server.address, (client) => createRoles(client, declaration, database, password));
      const inDatabase: PostgresAddress = { ...server.address, database };
      const brought = await broughtExtensions(context);
      await withConnection(inDatabase, (client) => grantRights(client, declaration, brought));
      await migrateFromZero(context, networkName, ownerOf(declaration, database), password, database);
      return await withConnection(inDatabase, (client) => describeDatabase(client, context.ownServer));
    } finally {
      await removeServer(server.container);
    }
  } finally {
    await network.remove().catch(() => undefined);
  }
}

/** What there is of a database, in the same words. */
export async function describeDatabase(client: pg.Client, ownServer: boolean): Promise<DescribedDatabase> {
  return { catalogue: await describeCatalogue(client), rights: await readRights(client, ownServer) };
}

async function createRoles(
  client: pg.Client,
  declaration: Declaration,
  database: string,
  password: string,
): Promise<void> {
  for (const { name, inputs } of declaration.roles) {
    const role = client.escapeIdentifier(name);
    await client.query(
      `CREATE ROLE ${role} ${roleAttributes(inputs).join(" ")} PASSWORD ${client.escapeLiteral(password)}`,
    );
  }
  for (const { name, inputs } of declaration.roles) {
    for (const group of Array.isArray(inputs["roles"]) ? (inputs["roles"] as string[]) : []) {
      await client.query(`GRANT ${client.escapeIdentifier(group)} TO ${client.escapeIdentifier(name)}`);
    }
  }
  const owner = client.escapeIdentifier(ownerOf(declaration, database));
  await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${owner} TEMPLATE template0`);
}

/** The attributes of a declared role, as `CREATE ROLE` takes them. */
export function roleAttributes(inputs: Tree): string[] {
  const attributes = [
    ["login", "LOGIN"],
    ["superuser", "SUPERUSER"],
    ["createRole", "CREATEROLE"],
    ["createDatabase", "CREATEDB"],
    ["replication", "REPLICATION"],
    ["bypassRowLevelSecurity", "BYPASSRLS"],
  ] as const;
  const limit = Number(inputs["connectionLimit"] ?? -1);
  return [
    ...attributes.flatMap(([input, word]) => (inputs[input] === true ? [word] : [])),
    inputs["inherit"] === false ? "NOINHERIT" : "INHERIT",
    ...(limit >= 0 ? [`CONNECTION LIMIT ${limit}`] : []),
  ];
}

/** Extensions that the declared snapshot brings with its data, whether or not they are declared themselves. */
async function broughtExtensions({ engine, environment }: RunContext): Promise<string[]> {
  const name = `${environment}-database`;
  const containers = await engine.listContainers({ all: true, filters: { name: [`^/${name}$`] } });
  const label = containers[0]?.Labels[`${SNAPSHOT_LABEL}.extensions`] ?? "";
  return label === "" ? [] : (JSON.parse(label) as string[]);
}

async function grantRights(client: pg.Client, declaration: Declaration, brought: readonly string[]): Promise<void> {
  const name = (tree: Tree, key: string) => client.escapeIdentifier(words(tree[key]));
  for (const extension of [...declaration.extensions.map((declared) => declared.name), ...brought]) {
    await client.query(`CREATE EXTENSION IF NOT EXISTS ${client.escapeIdentifier(extension)} CASCADE`);
  }
  for (const { inputs } of declaration.grants) {
    const privileges = privilegesOf(inputs);
    if (privileges === "") continue;
    const kind = words(inputs["objectType"]);
    const on = kind === "schema" ? `SCHEMA ${name(inputs, "schema")}` : `DATABASE ${name(inputs, "database")}`;
    if (kind === "schema" || kind === "database") {
      await client.query(`GRANT ${privileges} ON ${on} TO ${name(inputs, "role")}`);
    }
  }
  for (const { inputs } of declaration.defaultPrivileges) {
    const privileges = privilegesOf(inputs);
    if (privileges === "") continue;
    const schema = words(inputs["schema"]) === "" ? "" : `IN SCHEMA ${name(inputs, "schema")}`;
    await client.query(
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${name(inputs, "owner")} ${schema} ` +
        `GRANT ${privileges} ON ${words(inputs["objectType"]).toUpperCase()}S TO ${name(inputs, "role")}`,
    );
  }
}

/** Words of a declaration that become part of a statement are words and nothing else. */
function privilegesOf(inputs: Tree): string {
  const privileges = Array.isArray(inputs["privileges"]) ? (inputs["privileges"] as string[]) : [];
  return privileges.filter((privilege) => /^[A-Z ]+$/.test(privilege)).join(", ");
}

async function migrateFromZero(
  { engine, environment, process, signal }: RunContext,
  network: string,
  owner: string,
  password: string,
  database: string,
): Promise<void> {
  const url = `postgres://${owner}:${password}@${HOST}:5432/${database}`;
  const said: string[] = [];
  const started = await startOneShot(
    engine,
    {
      name: `${environment}-drift-migrate`,
      image: process.image,
      command: [RUNTIME, "migrate", "--secrets-from-stdin"],
      environment: process.environment,
      secrets: { ...process.secrets, DATABASE_URL: url, REPORT_DATABASE_URL: url },
      networks: [network],
      memoryBytes: process.memoryBytes,
      labels: temporaryLabels(),
    },
    (line) => said.push(line),
  );
  const kill = () => void started.kill();
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) await started.kill();
  started.end();
  const { exitCode } = await started.ended.finally(() => {
    signal.removeEventListener("abort", kill);
  });
  signal.throwIfAborted();
  if (exitCode !== 0) {
    throw new Error(
      ["the running release's migrations must run on an empty database; they failed:", ...said.slice(-QUOTED)].join(
        "\n  ",
      ),
    );
  }
}

function ownerOf({ databases }: Declaration, database: string): string {
  return words(databases.find(({ name }) => name === database)?.inputs["owner"]) || "postgres";
}
