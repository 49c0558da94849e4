import { randomBytes } from "node:crypto";
import type pg from "pg";
import { runOneShotUntil } from "../../engine/one-shot.ts";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import { temporaryLabels } from "../../engine/temporary.ts";
import { RUNTIME } from "../runtime.ts";
import { removeServer, startWorkServer } from "../snapshot/server-container.ts";
import { SNAPSHOT_LABEL } from "../snapshot/snapshot-image.ts";
import type { RunContext } from "./context.ts";
import type { Declaration } from "./declaration.ts";
import { words } from "./drift/flat.ts";

type Tree = Readonly<Record<string, unknown>>;

/** A database as the stack declares it, without data, for as long as somebody uses it. */
export interface ThrowAwayDatabase {
  /** As this program reaches it, in the superuser's role. */
  readonly address: PostgresAddress;
  /** Network on which processes reach it, by name. */
  readonly network: string;
  /** As a process on that network reaches it, in a role by its name; it, or another database of its server. */
  readonly url: (role: string, database?: string) => string;
  /**
   * Makes another database on its server, as the stack declares it, with the migrations of another release.
   *
   * @param migrations those alone (`app.name`); all of the release where it is left out
   */
  readonly beside: (name: string, image: string, migrations?: readonly string[]) => Promise<void>;
}

const HOST = "declared-database";
const QUOTED = 12;
/** Throw-away data: nothing is worth waiting for the disk. */
const PARAMETERS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/**
 * Builds what the stack declares of its database on a throw-away server, and removes it after use: roles, database,
 * extensions, rights, and with the running release's image all migrations from zero.
 *
 * @param purpose part of the names on the engine
 * @throws Error with the release's own words where its migrations cannot be run from zero
 */
export async function withDeclaredDatabase<T>(
  context: RunContext,
  purpose: string,
  use: (database: ThrowAwayDatabase) => Promise<T>,
): Promise<T> {
  const { engine, environment, declaration, signal } = context;
  const networkName = `${environment}-${purpose}-${randomBytes(4).toString("hex")}`;
  const network = await engine.createNetwork({
    Name: networkName,
    Internal: true,
    Labels: temporaryLabels(),
  });
  try {
    const server = await startWorkServer(engine, context.postgresImage, purpose, PARAMETERS, signal);
    try {
      await engine.getNetwork(network.id).connect({
        Container: server.container.id,
        EndpointConfig: { Aliases: [HOST] },
      });
      const password = randomBytes(18).toString("hex");
      const name = context.administration.database;
      await withConnection(server.address, (client) => createRoles(client, declaration, password));
      const brought = await broughtExtensions(context);
      const url: ThrowAwayDatabase["url"] = (role, other = name) =>
        `postgres://${role}:${password}@${HOST}:5432/${other}`;
      const make: ThrowAwayDatabase["beside"] = async (other, image, migrations) => {
        const owner = ownerOf(declaration, name);
        await withConnection(server.address, (client) => createDatabase(client, other, owner));
        await withConnection({ ...server.address, database: other }, (client) =>
          grantRights(client, declaration, { database: other, brought }),
        );
        const command = migrations === undefined ? ["migrate"] : ["build", ...migrations];
        await migrateFromZero(context, { purpose, image, network: networkName, url: url(owner, other), command });
      };
      await make(name, context.process.image);
      const address = { ...server.address, database: name };
      const database: ThrowAwayDatabase = { address, network: networkName, url, beside: make };
      return await use(database);
    } finally {
      await removeServer(server.container);
    }
  } finally {
    await network.remove().catch(() => undefined);
  }
}

async function createRoles(client: pg.Client, declaration: Declaration, password: string): Promise<void> {
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
}

async function createDatabase(client: pg.Client, name: string, owner: string): Promise<void> {
  const [database, role] = [name, owner].map((word) => client.escapeIdentifier(word));
  await client.query(`CREATE DATABASE ${database} OWNER ${role} TEMPLATE template0`);
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

async function grantRights(
  client: pg.Client,
  declaration: Declaration,
  { database, brought }: { readonly database: string; readonly brought: readonly string[] },
): Promise<void> {
  const name = (tree: Tree, key: string) => client.escapeIdentifier(words(tree[key]));
  for (const extension of [...declaration.extensions.map((declared) => declared.name), ...brought]) {
    await client.query(`CREATE EXTENSION IF NOT EXISTS ${client.escapeIdentifier(extension)} CASCADE`);
  }
  for (const { inputs } of declaration.grants) {
    const privileges = privilegesOf(inputs);
    if (privileges === "") continue;
    const kind = words(inputs["objectType"]);
    const on = kind === "schema" ? `SCHEMA ${name(inputs, "schema")}` : `DATABASE ${client.escapeIdentifier(database)}`;
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

interface Build {
  readonly purpose: string;
  readonly image: string;
  readonly network: string;
  /** Of the database in the role that owns it. */
  readonly url: string;
  /** Of the runtime layer, with its arguments. */
  readonly command: readonly string[];
}

async function migrateFromZero(
  { engine, environment, process, signal }: RunContext,
  { purpose, image, network, url, command: [name = "", ...given] }: Build,
): Promise<void> {
  const said: string[] = [];
  const { exitCode } = await runOneShotUntil(
    engine,
    {
      name: `${environment}-${purpose}-migrate`,
      image,
      command: [RUNTIME, name, "--secrets-from-stdin", ...given],
      environment: process.environment,
      secrets: { ...process.secrets, DATABASE_URL: url, REPORT_DATABASE_URL: url },
      networks: [network],
      memoryBytes: process.memoryBytes,
      labels: temporaryLabels(),
    },
    (line) => said.push(line),
    signal,
  );
  signal.throwIfAborted();
  if (exitCode !== 0) {
    throw new Error(
      ["a release's migrations must run on an empty database; they failed:", ...said.slice(-QUOTED)].join("\n  "),
    );
  }
}

function ownerOf({ databases }: Declaration, database: string): string {
  return words(databases.find(({ name }) => name === database)?.inputs["owner"]) || "postgres";
}
