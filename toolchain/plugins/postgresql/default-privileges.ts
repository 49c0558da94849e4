import pg from "pg";
import type { CheckFailure, Properties, PropertySpec, ResourceContext, ResourceType } from "../framework/provider.ts";
import { actingFor } from "./acting-for.ts";
import { granteeOid } from "./grant-objects.ts";
import { grantee, privilegeFailures, privilegesProperty, withGranted } from "./privileges.ts";
import type { PostgresServer, Session } from "./server.ts";
import { text, texts } from "./values.ts";

// The letters of pg_default_acl.
const KINDS: Readonly<Record<string, string>> = {
  table: "r",
  sequence: "S",
  function: "f",
  routine: "f",
  type: "T",
  schema: "n",
};

const properties: Readonly<Record<string, PropertySpec>> = {
  role: { type: "string", required: true, forceNew: true },
  database: { type: "string", required: true, forceNew: true },
  owner: { type: "string", required: true, forceNew: true },
  schema: { type: "string", forceNew: true },
  objectType: { type: "string", required: true, forceNew: true },
  privileges: privilegesProperty,
  withGrantOption: { type: "boolean", default: false, forceNew: true },
};

/** The privileges that a role gets on objects which the owner makes later; on those that exist it has none by this. */
export const defaultPrivileges: ResourceType<PostgresServer> = {
  token: "postgresql:index/defaultPrivileges:DefaultPrivileges",
  properties,
  check: (inputs) => ({
    inputs,
    failures: [...privilegeFailures(inputs, Object.keys(KINDS)), ...schemaFailures(inputs)],
  }),
  async create(inputs, context) {
    await apply(inputs, context, true);
    const parts = [
      text(inputs, "role"),
      text(inputs, "database"),
      text(inputs, "schema") || "noschema",
      text(inputs, "owner"),
      text(inputs, "objectType"),
    ];
    return { id: parts.join("_"), state: {} };
  },
  async read(id, state, inputs, context) {
    if (state["role"] === undefined)
      throw new Error("DefaultPrivileges cannot be imported: the id does not say for what");
    const granted = await context.config.readIfExists(text(state, "database"), context.signal, (session) =>
      readDefaults(session, state),
    );
    if (granted === undefined) return undefined;
    return { id, state: withGranted(state, granted), inputs: withGranted(inputs, granted) };
  },
  async update(_id, _oldState, newInputs, context) {
    await apply(newInputs, context, true);
    return {};
  },
  async delete(_id, state, context) {
    const found = await context.config.readIfExists(text(state, "database"), context.signal, (session) =>
      readDefaults(session, state),
    );
    if (found !== undefined) await apply(state, context, false);
  },
};

/** REVOKE of all default privileges, then GRANT of the declared ones where there are any. */
export function defaultPrivilegeStatements(inputs: Properties, granting: boolean): string[] {
  const schema = text(inputs, "schema");
  const privileges = texts(inputs, "privileges");
  const role = grantee(text(inputs, "role"));
  const objects = `${text(inputs, "objectType").toUpperCase()}S`;
  const target =
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${pg.escapeIdentifier(text(inputs, "owner"))}` +
    (schema === "" ? "" : ` IN SCHEMA ${pg.escapeIdentifier(schema)}`);
  const statements = [`${target} REVOKE ALL ON ${objects} FROM ${role}`];
  if (granting && privileges.length > 0) {
    const option = inputs["withGrantOption"] === true ? " WITH GRANT OPTION" : "";
    statements.push(`${target} GRANT ${privileges.join(", ")} ON ${objects} TO ${role}${option}`);
  }
  return statements;
}

function apply(inputs: Properties, context: ResourceContext<PostgresServer>, granting: boolean): Promise<void> {
  const { config, signal } = context;
  return config.write(text(inputs, "database"), signal, (session) =>
    actingFor(config, session, [text(inputs, "owner")], async () => {
      for (const statement of defaultPrivilegeStatements(inputs, granting)) await session.query(statement);
    }),
  );
}

/** The privileges as they are; undefined where the role, the owner or the schema does not exist any more. */
async function readDefaults(session: Session, inputs: Properties): Promise<string[] | undefined> {
  const role = await granteeOid(session, text(inputs, "role"));
  const owner = await granteeOid(session, text(inputs, "owner"));
  const schema = text(inputs, "schema");
  const [namespace] = await session.query<{ oid: number }>(
    "SELECT oid FROM pg_namespace WHERE nspname = $1 UNION ALL SELECT 0 WHERE $1 = ''",
    [schema],
  );
  if (role === undefined || owner === undefined || namespace === undefined) return undefined;
  const rows = await session.query<{ privilege: string }>(
    `SELECT a.privilege_type AS privilege FROM pg_default_acl d, aclexplode(d.defaclacl) a
     WHERE d.defaclrole = $1 AND d.defaclnamespace = $2 AND d.defaclobjtype = $3 AND a.grantee = $4`,
    [owner, namespace.oid, KINDS[text(inputs, "objectType")], role],
  );
  return rows.map(({ privilege }) => privilege);
}

function schemaFailures(inputs: Properties): CheckFailure[] {
  if (inputs["objectType"] !== "schema" || inputs["schema"] === undefined) return [];
  return [{ property: "schema", reason: "schema cannot be set where objectType is schema" }];
}
