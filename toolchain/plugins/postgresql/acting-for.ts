import pg from "pg";
import type { PostgresServer, Session } from "./server.ts";

interface OwnerRow {
  readonly name: string;
}

/**
 * Runs statements that only the owners of objects may run. A superuser may anyway; another user becomes a member of the
 * owning roles for as long as it takes, as with the official plugin. Must run in a transaction.
 */
export async function actingFor<T>(
  server: PostgresServer,
  session: Session,
  owners: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  if (server.settings.superuser) return work();
  const missing = await session.query<OwnerRow>(
    `SELECT rolname AS name FROM pg_roles
     WHERE rolname = ANY($1) AND NOT pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname`,
    [owners],
  );
  const roles = missing.map(({ name }) => pg.escapeIdentifier(name)).join(", ");
  if (roles !== "") await session.query(`GRANT ${roles} TO CURRENT_USER`);
  const result = await work();
  if (roles !== "") await session.query(`REVOKE ${roles} FROM CURRENT_USER`);
  return result;
}
