import pg from "pg";
import { observedInputs, type Properties, type ResourceContext, type ResourceType } from "../framework/provider.ts";
import { attributeClauses, observeRole, roleProperties, settingStatements } from "./role-attributes.ts";
import type { PostgresServer, Session } from "./server.ts";
import { pick, text, texts } from "./values.ts";

// Cannot be read back: the server has only a hash of the one, and the others concern this plugin alone.
const UNREADABLE = ["password", "encryptedPassword", "skipDropRole", "skipReassignOwned"];

/** A role of the server, changed in place whatever changes; its id is its name. */
export const role: ResourceType<PostgresServer> = {
  token: "postgresql:index/role:Role",
  autoName: "name",
  properties: roleProperties,
  async create(inputs, context) {
    const name = text(inputs, "name");
    await context.config.write(undefined, context.signal, async (session) => {
      await session.query(`CREATE ROLE ${pg.escapeIdentifier(name)} WITH ${attributeClauses(inputs).join(" ")}`);
      await setMemberships(session, name, [], texts(inputs, "roles"));
      for (const statement of settingStatements(name, {}, inputs)) await session.query(statement);
    });
    return { id: name, state: {} };
  },
  async read(id, state, inputs, context) {
    // The engine keeps a resource's first id when an update renames it.
    const name = text(state, "name") || id;
    const { validUntil } = inputs;
    const observed = await context.config.read(undefined, context.signal, (session) =>
      observeRole(session, name, typeof validUntil === "string" ? validUntil : undefined),
    );
    if (observed === undefined) return undefined;
    return {
      id: name,
      state: { ...pick(state, UNREADABLE), ...observed },
      inputs: observedInputs(roleProperties, inputs, observed),
    };
  },
  async update(_id, oldState, newInputs, context) {
    const oldName = text(oldState, "name");
    const name = text(newInputs, "name");
    await context.config.write(undefined, context.signal, async (session) => {
      if (oldName !== name) {
        await session.query(`ALTER ROLE ${pg.escapeIdentifier(oldName)} RENAME TO ${pg.escapeIdentifier(name)}`);
      }
      const clauses = attributeClauses(newInputs, oldState).join(" ");
      if (clauses !== "") await session.query(`ALTER ROLE ${pg.escapeIdentifier(name)} WITH ${clauses}`);
      await setMemberships(session, name, texts(oldState, "roles"), texts(newInputs, "roles"));
      for (const statement of settingStatements(name, oldState, newInputs)) await session.query(statement);
    });
    return {};
  },
  async delete(_id, state, context) {
    const name = text(state, "name");
    await context.config.write(undefined, context.signal, (session) => dropRole(session, name, state, context));
  },
};

async function dropRole(
  session: Session,
  name: string,
  state: Properties,
  context: ResourceContext<PostgresServer>,
): Promise<void> {
  const [found] = await session.query("SELECT FROM pg_roles WHERE rolname = $1", [name]);
  if (found === undefined) return;
  const identifier = pg.escapeIdentifier(name);
  if (state["skipReassignOwned"] !== true) {
    if (!context.config.settings.superuser) await session.query(`GRANT ${identifier} TO CURRENT_USER`);
    // In the provider's database only: what the role owns elsewhere is dropped or reassigned by who declared it.
    await session.query(`REASSIGN OWNED BY ${identifier} TO CURRENT_USER`);
    await session.query(`DROP OWNED BY ${identifier}`);
  }
  if (state["skipDropRole"] !== true) await session.query(`DROP ROLE ${identifier}`);
}

async function setMemberships(
  session: Session,
  name: string,
  before: readonly string[],
  after: readonly string[],
): Promise<void> {
  const member = pg.escapeIdentifier(name);
  for (const group of before.filter((other) => !after.includes(other))) {
    const [exists] = await session.query("SELECT FROM pg_roles WHERE rolname = $1", [group]);
    if (exists !== undefined) await session.query(`REVOKE ${pg.escapeIdentifier(group)} FROM ${member}`);
  }
  for (const group of after.filter((other) => !before.includes(other))) {
    await session.query(`GRANT ${pg.escapeIdentifier(group)} TO ${member}`);
  }
}
