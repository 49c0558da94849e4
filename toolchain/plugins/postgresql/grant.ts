import pg from "pg";
import type { CheckFailure, Properties, PropertySpec, ResourceContext, ResourceType } from "../framework/provider.ts";
import { actingFor } from "./acting-for.ts";
import { ownersOf, readGranted } from "./grant-objects.ts";
import { grantee, privilegeFailures, privilegesProperty, withGranted } from "./privileges.ts";
import type { PostgresServer, Session } from "./server.ts";
import { text, texts } from "./values.ts";

const OBJECT_TYPES = ["database", "schema", "table", "sequence", "function", "procedure", "routine"];

const properties: Readonly<Record<string, PropertySpec>> = {
  role: { type: "string", required: true, forceNew: true },
  database: { type: "string", required: true, forceNew: true },
  schema: { type: "string", forceNew: true },
  objectType: { type: "string", required: true, forceNew: true },
  objects: { type: "array", items: { type: "string" }, set: true, forceNew: true },
  privileges: privilegesProperty,
  withGrantOption: { type: "boolean", default: false, forceNew: true },
  columns: { type: "any", unsupported: true },
};

/** A role's privileges on a database, a schema, or objects of one; the role has these and no other on them. */
export const grant: ResourceType<PostgresServer> = {
  token: "postgresql:index/grant:Grant",
  properties,
  check: (inputs) => ({ inputs, failures: [...privilegeFailures(inputs, OBJECT_TYPES), ...objectFailures(inputs)] }),
  async create(inputs, context) {
    await setPrivileges(inputs, context, (session) => apply(session, inputs, true));
    return { id: grantId(inputs), state: {} };
  },
  async read(id, state, inputs, context) {
    if (state["role"] === undefined) throw new Error("A Grant cannot be imported: its id does not say what is granted");
    const granted = await context.config.readIfExists(text(state, "database"), context.signal, (session) =>
      readGranted(session, state),
    );
    if (granted === undefined) return undefined;
    return { id, state: withGranted(state, granted), inputs: withGranted(inputs, granted) };
  },
  async update(_id, _oldState, newInputs, context) {
    await setPrivileges(newInputs, context, (session) => apply(session, newInputs, true));
    return {};
  },
  async delete(_id, state, context) {
    const gone = await context.config.readIfExists(text(state, "database"), context.signal, (session) =>
      readGranted(session, state).then((granted) => granted === undefined),
    );
    if (gone !== false) return;
    await setPrivileges(state, context, (session) => apply(session, state, false));
  },
};

/** The official plugin's id: what the grant is about, joined by underscores. */
export function grantId(inputs: Properties): string {
  const objectType = text(inputs, "objectType");
  const schema = objectType === "database" ? [] : [text(inputs, "schema")];
  const parts = [text(inputs, "role"), text(inputs, "database"), ...schema, objectType, ...texts(inputs, "objects")];
  return parts.join("_");
}

/** REVOKE of all privileges, then GRANT of the declared ones where there are any. */
export function grantStatements(inputs: Properties, granting: boolean): string[] {
  const role = grantee(text(inputs, "role"));
  const target = targetOf(inputs);
  const privileges = texts(inputs, "privileges");
  const statements = [`REVOKE ALL PRIVILEGES ON ${target} FROM ${role}`];
  if (granting && privileges.length > 0) {
    const option = inputs["withGrantOption"] === true ? " WITH GRANT OPTION" : "";
    statements.push(`GRANT ${privileges.join(", ")} ON ${target} TO ${role}${option}`);
  }
  return statements;
}

async function apply(session: Session, inputs: Properties, granting: boolean): Promise<void> {
  for (const statement of grantStatements(inputs, granting)) await session.query(statement);
}

function targetOf(inputs: Properties): string {
  const objectType = text(inputs, "objectType");
  const schema = pg.escapeIdentifier(text(inputs, "schema"));
  const objects = texts(inputs, "objects");
  if (objectType === "database") return `DATABASE ${pg.escapeIdentifier(text(inputs, "database"))}`;
  if (objectType === "schema") return `SCHEMA ${schema}`;
  const keyword = objectType.toUpperCase();
  if (objects.length === 0) return `ALL ${keyword}S IN SCHEMA ${schema}`;
  return `${keyword} ${objects.map((object) => `${schema}.${pg.escapeIdentifier(object)}`).join(", ")}`;
}

function setPrivileges<T>(
  inputs: Properties,
  context: ResourceContext<PostgresServer>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { config, signal } = context;
  return config.write(text(inputs, "database"), signal, async (session) => {
    const owners = config.settings.superuser ? [] : await ownersOf(session, inputs);
    return actingFor(config, session, owners, () => work(session));
  });
}

function objectFailures(inputs: Properties): CheckFailure[] {
  const objectType = text(inputs, "objectType");
  if (objectType === "") return [];
  const failures: CheckFailure[] = [];
  if (objectType !== "database" && inputs["schema"] === undefined) {
    failures.push({ property: "schema", reason: `schema must be set where objectType is ${objectType}` });
  }
  if (["database", "schema"].includes(objectType) && texts(inputs, "objects").length > 0) {
    failures.push({ property: "objects", reason: `objects cannot be set where objectType is ${objectType}` });
  }
  return failures;
}
