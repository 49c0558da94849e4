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
import { splitId } from "./split-id.ts";
import { pick, text } from "./values.ts";

const properties: Readonly<Record<string, PropertySpec>> = {
  name: { type: "string" },
  database: { type: "string", computedIfUnset: true, forceNew: true },
  owner: { type: "string", computedIfUnset: true },
  ifNotExists: { type: "boolean", default: true },
  dropCascade: { type: "boolean", default: false },
  policies: { type: "any", unsupported: true },
};

/** A schema of a database; its id is `DATABASE.SCHEMA`. One that exists already is taken over. */
export const schema: ResourceType<PostgresServer> = {
  token: "postgresql:index/schema:Schema",
  autoName: "name",
  properties,
  async create(inputs, context) {
    const database = text(inputs, "database") || context.config.settings.database;
    const name = text(inputs, "name");
    const owner = text(inputs, "owner");
    await write(database, [owner], context, async (session) => {
      const [found] = await session.query("SELECT FROM pg_namespace WHERE nspname = $1", [name]);
      const identifier = pg.escapeIdentifier(name);
      if (found === undefined) {
        const authorization = owner === "" ? "" : ` AUTHORIZATION ${pg.escapeIdentifier(owner)}`;
        await session.query(`CREATE SCHEMA ${identifier}${authorization}`);
      } else if (owner !== "") {
        await session.query(`ALTER SCHEMA ${identifier} OWNER TO ${pg.escapeIdentifier(owner)}`);
      }
    });
    return { id: `${database}.${name}`, state: (await observe(database, name, context)) ?? {} };
  },
  async read(id, state, inputs, context) {
    const [database, name] =
      state["name"] === undefined ? splitId(id, "Schema") : [text(state, "database"), text(state, "name")];
    const observed = await observe(database, name, context);
    if (observed === undefined) return undefined;
    return {
      id: `${database}.${name}`,
      state: { ...pick(state, ["ifNotExists", "dropCascade"]), ...observed },
      inputs: observedInputs(properties, inputs, observed),
    };
  },
  async update(_id, oldState, newInputs, context) {
    const database = text(oldState, "database");
    const [oldName, name] = [text(oldState, "name"), text(newInputs, "name")];
    const [oldOwner, owner] = [text(oldState, "owner"), text(newInputs, "owner")];
    await write(database, [oldOwner, owner], context, async (session) => {
      const identifier = pg.escapeIdentifier(name);
      if (oldName !== name) await session.query(`ALTER SCHEMA ${pg.escapeIdentifier(oldName)} RENAME TO ${identifier}`);
      if (owner !== "" && owner !== oldOwner) {
        await session.query(`ALTER SCHEMA ${identifier} OWNER TO ${pg.escapeIdentifier(owner)}`);
      }
    });
    return (await observe(database, name, context)) ?? {};
  },
  async delete(_id, state, context) {
    const behaviour = state["dropCascade"] === true ? "CASCADE" : "RESTRICT";
    const name = pg.escapeIdentifier(text(state, "name"));
    await write(text(state, "database"), [text(state, "owner")], context, (session) =>
      session.query(`DROP SCHEMA IF EXISTS ${name} ${behaviour}`),
    );
  },
};

function write<T>(
  database: string,
  owners: readonly string[],
  context: ResourceContext<PostgresServer>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return context.config.write(database, context.signal, (session) =>
    actingFor(context.config, session, owners, () => work(session)),
  );
}

async function observe(
  database: string,
  name: string,
  context: ResourceContext<PostgresServer>,
): Promise<Properties | undefined> {
  const rows = await context.config.readIfExists(database, context.signal, (session) =>
    session.query<Properties>(
      `SELECT nspname::text AS name, rolname::text AS owner
       FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE nspname = $1`,
      [name],
    ),
  );
  const row = rows?.[0];
  return row === undefined ? undefined : { ...row, database };
}
