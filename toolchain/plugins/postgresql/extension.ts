import pg from "pg";
import {
  observedInputs,
  type Properties,
  type PropertySpec,
  type ResourceContext,
  type ResourceType,
} from "../framework/provider.ts";
import type { PostgresServer } from "./server.ts";
import { splitId } from "./split-id.ts";
import { pick, text } from "./values.ts";

const properties: Readonly<Record<string, PropertySpec>> = {
  name: { type: "string", forceNew: true },
  database: { type: "string", computedIfUnset: true, forceNew: true },
  schema: { type: "string", computedIfUnset: true },
  version: { type: "string", computedIfUnset: true },
  createCascade: { type: "boolean", default: false },
  dropCascade: { type: "boolean", default: false },
};

/** An extension of a database; its id is `DATABASE.EXTENSION`. Schema and version change in place. */
export const extension: ResourceType<PostgresServer> = {
  token: "postgresql:index/extension:Extension",
  autoName: "name",
  properties,
  async create(inputs, context) {
    const database = text(inputs, "database") || context.config.settings.database;
    const name = text(inputs, "name");
    await context.config.write(database, context.signal, (session) => session.query(createStatement(inputs)));
    return { id: `${database}.${name}`, state: (await observe(database, name, context)) ?? {} };
  },
  async read(id, state, inputs, context) {
    const [database, name] = splitId(id, "Extension");
    const observed = await observe(database, name, context);
    if (observed === undefined) return undefined;
    return {
      id,
      state: { ...pick(state, ["createCascade", "dropCascade"]), ...observed },
      inputs: observedInputs(properties, inputs, observed),
    };
  },
  async update(id, oldState, newInputs, context) {
    const [database, name] = splitId(id, "Extension");
    const identifier = pg.escapeIdentifier(name);
    const schema = text(newInputs, "schema");
    const version = text(newInputs, "version");
    await context.config.write(database, context.signal, async (session) => {
      if (schema !== "" && schema !== oldState["schema"]) {
        await session.query(`ALTER EXTENSION ${identifier} SET SCHEMA ${pg.escapeIdentifier(schema)}`);
      }
      if (version !== "" && version !== oldState["version"]) {
        await session.query(`ALTER EXTENSION ${identifier} UPDATE TO ${pg.escapeIdentifier(version)}`);
      }
    });
    return (await observe(database, name, context)) ?? {};
  },
  async delete(id, state, context) {
    const [database, name] = splitId(id, "Extension");
    const behaviour = state["dropCascade"] === true ? "CASCADE" : "RESTRICT";
    await context.config.write(database, context.signal, (session) =>
      session.query(`DROP EXTENSION IF EXISTS ${pg.escapeIdentifier(name)} ${behaviour}`),
    );
  },
};

/** CREATE EXTENSION; one that is there already is taken over. */
function createStatement(inputs: Properties): string {
  const schema = text(inputs, "schema");
  const version = text(inputs, "version");
  return [
    `CREATE EXTENSION IF NOT EXISTS ${pg.escapeIdentifier(text(inputs, "name"))}`,
    ...(schema === "" ? [] : [`SCHEMA ${pg.escapeIdentifier(schema)}`]),
    ...(version === "" ? [] : [`VERSION ${pg.escapeIdentifier(version)}`]),
    ...(inputs["createCascade"] === true ? ["CASCADE"] : []),
  ].join(" ");
}

async function observe(
  database: string,
  name: string,
  context: ResourceContext<PostgresServer>,
): Promise<Properties | undefined> {
  const rows = await context.config.readIfExists(database, context.signal, (session) =>
    session.query<Properties>(
      `SELECT extname::text AS name, extversion AS version, nspname::text AS schema
       FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = $1`,
      [name],
    ),
  );
  const row = rows?.[0];
  return row === undefined ? undefined : { ...row, database };
}
