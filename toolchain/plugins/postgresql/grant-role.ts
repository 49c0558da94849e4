import pg from "pg";
import type { PropertySpec, ResourceType } from "../framework/provider.ts";
import type { PostgresServer } from "./server.ts";
import { text } from "./values.ts";

const properties: Readonly<Record<string, PropertySpec>> = {
  role: { type: "string", required: true, forceNew: true },
  grantRole: { type: "string", required: true, forceNew: true },
  withAdminOption: { type: "boolean", default: false, forceNew: true },
};

/** A role's membership in another; the id is `ROLE_GRANTROLE_ADMINOPTION`. */
export const grantRole: ResourceType<PostgresServer> = {
  token: "postgresql:index/grantRole:GrantRole",
  properties,
  async create(inputs, context) {
    const [member, group] = [text(inputs, "role"), text(inputs, "grantRole")];
    const admin = inputs["withAdminOption"] === true;
    await context.config.write(undefined, context.signal, async (session) => {
      // GRANT alone does not take an admin option back.
      await session.query(`REVOKE ${pg.escapeIdentifier(group)} FROM ${pg.escapeIdentifier(member)}`);
      const option = admin ? " WITH ADMIN OPTION" : "";
      await session.query(`GRANT ${pg.escapeIdentifier(group)} TO ${pg.escapeIdentifier(member)}${option}`);
    });
    return { id: `${member}_${group}_${String(admin)}`, state: {} };
  },
  async read(id, state, inputs, context) {
    if (state["role"] === undefined) throw new Error("A GrantRole cannot be imported: its id does not say which roles");
    const rows = await context.config.read(undefined, context.signal, (session) =>
      session.query(
        `SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles r ON r.oid = m.member
         WHERE r.rolname = $1 AND g.rolname = $2 AND m.admin_option = $3`,
        [text(state, "role"), text(state, "grantRole"), state["withAdminOption"] === true],
      ),
    );
    return rows.length === 0 ? undefined : { id, state, inputs };
  },
  async delete(_id, state, context) {
    const [member, group] = [text(state, "role"), text(state, "grantRole")];
    await context.config.write(undefined, context.signal, async (session) => {
      const found = await session.query("SELECT FROM pg_roles WHERE rolname = ANY($1)", [[member, group]]);
      if (found.length < 2) return;
      await session.query(`REVOKE ${pg.escapeIdentifier(group)} FROM ${pg.escapeIdentifier(member)}`);
    });
  },
};
