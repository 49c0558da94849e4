import pg from "pg";
import type { PostgresServer, Session } from "./server.ts";

// The first version in which a membership may allow neither to inherit nor to set the role.
const MEMBERSHIP_OPTIONS_VERSION = 160_000;

interface OwnerRow {
  readonly name: string;
}

/**
 * Runs statements that only the owners of objects may run. A superuser may anyway; another user becomes a member of the
 * owning roles for as long as it takes, as with the official plugin.
 */
export async function actingFor<T>(
  server: PostgresServer,
  session: Session,
  owners: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  if (server.settings.superuser) return work();
  const missing = await missingMemberships(session, owners);
  const roles = missing.map((name) => pg.escapeIdentifier(name)).join(", ");
  if (roles === "") return work();
  await session.query(`GRANT ${roles} TO CURRENT_USER`);
  const leave = (): Promise<unknown> => session.query(`REVOKE ${roles} FROM CURRENT_USER`);
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // In a transaction this fails, and is undone with all else.
    await leave().catch(() => undefined);
    throw error;
  }
  await leave();
  return result;
}

async function missingMemberships(session: Session, owners: readonly string[]): Promise<string[]> {
  const [version] = await session.query<{ number: number }>(
    "SELECT current_setting('server_version_num')::int AS number",
  );
  const member =
    (version?.number ?? 0) >= MEMBERSHIP_OPTIONS_VERSION
      ? "pg_has_role(current_user, oid, 'SET') AND pg_has_role(current_user, oid, 'USAGE')"
      : "pg_has_role(current_user, oid, 'MEMBER')";
  const rows = await session.query<OwnerRow>(
    `SELECT rolname::text AS name FROM pg_roles WHERE rolname = ANY($1) AND NOT (${member}) ORDER BY rolname`,
    [owners],
  );
  return rows.map(({ name }) => name);
}
