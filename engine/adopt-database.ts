import type pg from "pg";
import { grantOnExisting, type WorkerRole } from "./database-rights.ts";
import { countTables, type PostgresAddress, withConnection } from "./postgres.ts";

/** A database that a server came with, and what it is to become. */
export interface Adoption {
  /** The database that is there, and the role that owns it and everything in it. */
  readonly from: { readonly database: string; readonly owner: string };
  /** A database that came along and is of no use to an environment. */
  readonly beside: string;
  /** Names, on the server, of the database and of the roles; all of these roles exist. */
  readonly database: string;
  readonly owner: string;
  readonly workers: Readonly<Record<WorkerRole, string>>;
}

/**
 * Puts a database that a server came with in the place of the empty one of the wanted name: its owner and the rights of
 * schema `public` are those of a new database, and the roles have their rights on all that is in it.
 *
 * It may be interrupted at any moment and run again: the renaming is the last step, and done in one.
 *
 * @param address of a superuser
 * @throws Error when the database in whose place it is to go holds tables, or neither of the two is there
 */
export async function adoptDatabase(address: PostgresAddress, adoption: Adoption): Promise<void> {
  const { from, beside, database } = adoption;
  const onServer = <T>(work: (client: pg.Client) => Promise<T>) =>
    withConnection({ ...address, database: "postgres" }, work);
  const databases = await onServer(databaseNames);
  if (!databases.includes(from.database)) {
    if (databases.includes(database)) return;
    throw new Error(
      `the server must have a database ${from.database} to take over, or ${database} that it was taken over as; found ` +
        `${databases.join(", ")}. Destroy the environment and start from another snapshot.`,
    );
  }
  if (databases.includes(database)) await requireEmpty(address, database);
  await withConnection({ ...address, database: from.database }, (client) => handOver(client, adoption));
  await onServer(async (client) => {
    const name = (identifier: string) => client.escapeIdentifier(identifier);
    // By force: processes of a release that runs connect again and again.
    for (const superfluous of [beside, database]) {
      await client.query(`DROP DATABASE IF EXISTS ${name(superfluous)} WITH (FORCE)`);
    }
    await client.query(`DROP ROLE IF EXISTS ${name(from.owner)}`);
    await client.query(`ALTER DATABASE ${name(from.database)} RENAME TO ${name(database)}`);
  });
}

/** Everything in the database to its new owner, and rights as declared: all of it or nothing. */
async function handOver(client: pg.Client, { from, owner, workers }: Adoption): Promise<void> {
  const name = (identifier: string) => client.escapeIdentifier(identifier);
  await client.query("BEGIN");
  const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [from.owner]);
  if (rowCount !== 0) {
    await client.query(`REASSIGN OWNED BY ${name(from.owner)} TO ${name(owner)}`);
    await client.query(`DROP OWNED BY ${name(from.owner)}`);
  }
  for (const statement of FRESH_PUBLIC_SCHEMA) await client.query(statement);
  for (const role of ["app", "etl", "report"] as const) await grantOnExisting(client, role, workers[role]);
  await client.query("COMMIT");
}

/** Schema `public` as a new database of PostgreSQL 15 and later has it. */
const FRESH_PUBLIC_SCHEMA = [
  "CREATE SCHEMA IF NOT EXISTS public",
  "ALTER SCHEMA public OWNER TO pg_database_owner",
  "REVOKE ALL ON SCHEMA public FROM PUBLIC",
  "GRANT ALL ON SCHEMA public TO pg_database_owner",
  "GRANT USAGE ON SCHEMA public TO PUBLIC",
];

async function requireEmpty(address: PostgresAddress, database: string): Promise<void> {
  const tables = await withConnection({ ...address, database }, countTables);
  if (tables === 0) return;
  throw new Error(
    `database ${database} must be empty before a snapshot takes its place; found one with ${tables} tables beside the ` +
      "snapshot's. Destroy the environment and deploy it again.",
  );
}

async function databaseNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT datname::text AS name FROM pg_database WHERE NOT datistemplate ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}
