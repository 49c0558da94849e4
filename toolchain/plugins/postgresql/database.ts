import pg from "pg";
import {
  observedInputs,
  type Properties,
  type PropertySpec,
  type ResourceContext,
  type ResourceType,
} from "../framework/provider.ts";
import { actingFor } from "./acting-for.ts";
import type { PostgresServer, Session } from "./server.ts";
import { pick, text, whole } from "./values.ts";

const fixed: PropertySpec = { type: "string", forceNew: true, computedIfUnset: true };

const properties: Readonly<Record<string, PropertySpec>> = {
  name: { type: "string" },
  owner: { type: "string", computedIfUnset: true },
  template: fixed,
  encoding: fixed,
  lcCollate: fixed,
  lcCtype: fixed,
  tablespaceName: { type: "string", computedIfUnset: true },
  connectionLimit: { type: "number", default: -1 },
  allowConnections: { type: "boolean", default: true },
  isTemplate: { type: "boolean", computedIfUnset: true },
  alterObjectOwnership: { type: "boolean", default: false },
};

// Not the server's own defaults, but those of the official plugin: an empty template, and the C locale.
const DEFAULTS = { template: "template0", encoding: "UTF8", lcCollate: "C", lcCtype: "C" } as const;

/** A database; its id is its name. What can be altered is altered in place. */
export const database: ResourceType<PostgresServer> = {
  token: "postgresql:index/database:Database",
  autoName: "name",
  properties,
  async create(inputs, context) {
    const name = text(inputs, "name");
    await withOwner(inputs, context, (session) => session.query(createStatement(inputs)));
    const observed = await observe(name, context);
    return { id: name, state: { ...observed, template: text(inputs, "template") || DEFAULTS.template } };
  },
  async read(id, state, inputs, context) {
    // The engine keeps a resource's first id when an update renames it.
    const name = text(state, "name") || id;
    const observed = await observe(name, context);
    if (observed === undefined) return undefined;
    const result = observedInputs(properties, inputs, asDeclared(inputs, observed));
    return { id: name, state: { ...pick(state, ["template", "alterObjectOwnership"]), ...observed }, inputs: result };
  },
  async update(_id, oldState, newInputs, context) {
    const name = text(newInputs, "name");
    await withOwner(newInputs, context, async (session) => {
      for (const statement of alterStatements(oldState, newInputs)) await session.query(statement);
    });
    await reassignObjects(oldState, newInputs, context);
    return (await observe(name, context)) ?? {};
  },
  async delete(_id, state, context) {
    const name = text(state, "name");
    await withOwner(state, context, async (session) => {
      const [found] = await session.query<{ isTemplate: boolean }>(
        'SELECT datistemplate AS "isTemplate" FROM pg_database WHERE datname = $1',
        [name],
      );
      if (found === undefined) return;
      const identifier = pg.escapeIdentifier(name);
      if (found.isTemplate) await session.query(`ALTER DATABASE ${identifier} IS_TEMPLATE false`);
      // Ends the connections of others.
      await session.query(`DROP DATABASE IF EXISTS ${identifier} WITH (FORCE)`);
    });
  },
};

/** CREATE DATABASE. "DEFAULT" leaves a value to the server. */
export function createStatement(inputs: Properties): string {
  const clauses = [`CREATE DATABASE ${pg.escapeIdentifier(text(inputs, "name"))}`];
  const option = (keyword: string, value: string, quote: (value: string) => string): void => {
    if (value !== "" && value !== "DEFAULT") clauses.push(`${keyword} ${quote(value)}`);
  };
  option("OWNER", text(inputs, "owner"), pg.escapeIdentifier);
  option("TEMPLATE", text(inputs, "template") || DEFAULTS.template, pg.escapeIdentifier);
  option("ENCODING", text(inputs, "encoding") || DEFAULTS.encoding, pg.escapeLiteral);
  option("LC_COLLATE", text(inputs, "lcCollate") || DEFAULTS.lcCollate, pg.escapeLiteral);
  option("LC_CTYPE", text(inputs, "lcCtype") || DEFAULTS.lcCtype, pg.escapeLiteral);
  option("TABLESPACE", text(inputs, "tablespaceName"), pg.escapeIdentifier);
  clauses.push(`ALLOW_CONNECTIONS ${String(inputs["allowConnections"] !== false)}`);
  clauses.push(`CONNECTION LIMIT ${whole(inputs, "connectionLimit", -1)}`);
  if (inputs["isTemplate"] === true) clauses.push("IS_TEMPLATE true");
  return clauses.join(" ");
}

/** ALTER DATABASE for each property that differs, the name first. */
export function alterStatements(before: Properties, after: Properties): string[] {
  const name = pg.escapeIdentifier(text(after, "name"));
  const statements: string[] = [];
  const changed = (property: string): boolean => after[property] !== undefined && before[property] !== after[property];
  if (changed("name")) statements.push(`ALTER DATABASE ${pg.escapeIdentifier(text(before, "name"))} RENAME TO ${name}`);
  if (changed("owner")) statements.push(`ALTER DATABASE ${name} OWNER TO ${pg.escapeIdentifier(text(after, "owner"))}`);
  if (changed("tablespaceName")) {
    statements.push(`ALTER DATABASE ${name} SET TABLESPACE ${pg.escapeIdentifier(text(after, "tablespaceName"))}`);
  }
  if (changed("connectionLimit")) {
    statements.push(`ALTER DATABASE ${name} CONNECTION LIMIT ${whole(after, "connectionLimit", -1)}`);
  }
  for (const [property, keyword] of [
    ["allowConnections", "ALLOW_CONNECTIONS"],
    ["isTemplate", "IS_TEMPLATE"],
  ] as const) {
    if (changed(property)) statements.push(`ALTER DATABASE ${name} ${keyword} ${String(after[property] === true)}`);
  }
  return statements;
}

/** Moves the old owner's objects to the new one, where that is asked for. */
async function reassignObjects(
  before: Properties,
  after: Properties,
  context: ResourceContext<PostgresServer>,
): Promise<void> {
  const from = text(before, "owner");
  const to = text(after, "owner");
  if (after["alterObjectOwnership"] !== true || from === "" || to === "" || from === to) return;
  await context.config.write(text(after, "name"), context.signal, (session) =>
    actingFor(context.config, session, [from, to], () =>
      session.query(`REASSIGN OWNED BY ${pg.escapeIdentifier(from)} TO ${pg.escapeIdentifier(to)}`),
    ),
  );
}

/** Statements on databases cannot be part of a transaction, so that membership in the owner is given back by hand. */
async function withOwner<T>(
  inputs: Properties,
  context: ResourceContext<PostgresServer>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const owner = text(inputs, "owner");
  const owners = owner === "" || owner === "DEFAULT" ? [] : [owner];
  return context.config.writeWithoutTransaction(context.signal, (session) =>
    actingFor(context.config, session, owners, () => work(session)),
  );
}

async function observe(name: string, context: ResourceContext<PostgresServer>): Promise<Properties | undefined> {
  const [row] = await context.config.read(undefined, context.signal, (session) =>
    session.query<Properties>(
      `SELECT datname::text AS name, r.rolname::text AS owner, pg_encoding_to_char(encoding) AS encoding,
         datcollate::text AS "lcCollate", datctype::text AS "lcCtype", t.spcname::text AS "tablespaceName",
         datconnlimit AS "connectionLimit", datallowconn AS "allowConnections", datistemplate AS "isTemplate"
       FROM pg_database d JOIN pg_roles r ON r.oid = datdba JOIN pg_tablespace t ON t.oid = dattablespace
       WHERE datname = $1`,
      [name],
    ),
  );
  return row;
}

/** What is observed, but for properties whose declared value "DEFAULT" says that any is right. */
function asDeclared(inputs: Properties, observed: Properties): Properties {
  return Object.fromEntries(Object.entries(observed).filter(([key]) => inputs[key] !== "DEFAULT"));
}
