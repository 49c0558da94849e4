import type pg from "pg";

/** How to reach a server as its administrator. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly sslmode: "disable" | "require" | "verify-ca" | "verify-full";
  /** How the connection is named in the server's log and activity; not at all where it is left out. */
  readonly application?: string;
}

/** Opens a connection, gives it to `work` and closes it whatever happens. */
export async function withConnection<T>(address: PostgresAddress, work: (client: pg.Client) => Promise<T>): Promise<T> {
  // Loaded by what connects: most previews do not.
  const { default: postgres } = await import("pg");
  const client = new postgres.Client({
    host: address.host,
    port: address.port,
    user: address.username,
    password: address.password,
    database: address.database,
    application_name: address.application,
    connectionTimeoutMillis: 10_000,
    ssl: address.sslmode === "disable" ? false : { rejectUnauthorized: address.sslmode !== "require" },
  });
  // A connection that is lost while nothing is asked: the next query says so, and without this the process would end.
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/**
 * Drops a role that an interrupted deployment created and did not live to record. A role that owns or may do anything is
 * not such a one: the server refuses to drop it.
 *
 * @throws Error that says how to take the role over
 */
export async function removeLeftoverRole(address: PostgresAddress, role: string): Promise<void> {
  await withConnection({ ...address, database: "postgres" }, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
    if (rowCount === 0) return;
    try {
      await client.query(`DROP ROLE ${client.escapeIdentifier(role)}`);
    } catch (error) {
      throw new Error(
        `role ${role} must not exist before it is created; the server has one that is in use (${message(error)}). ` +
          `Take it over with: pulumi import postgresql:index/role:Role NAME ${role}, or set rolePrefix.`,
      );
    }
  });
}

/**
 * Drops a database that an interrupted deployment created and did not live to record: one without a single table.
 *
 * @throws Error when the database holds tables
 */
export async function removeLeftoverDatabase(address: PostgresAddress, database: string): Promise<void> {
  const exists = await withConnection({ ...address, database: "postgres" }, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]);
    return rowCount !== 0;
  });
  if (!exists) return;
  const tables = await withConnection({ ...address, database }, countTables);
  if (tables > 0) {
    throw new Error(
      `database ${database} must not exist before it is created; the server has one with ${tables} tables. ` +
        `Take it over with: pulumi import postgresql:index/database:Database NAME ${database}, or choose another database.name.`,
    );
  }
  await withConnection({ ...address, database: "postgres" }, async (client) => {
    // By force: processes of a release that runs connect again and again.
    await client.query(`DROP DATABASE ${client.escapeIdentifier(database)} WITH (FORCE)`);
  });
}

/** How many tables the database has that are not the server's own. */
export async function countTables(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace " +
      "WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
  );
  return Number(rows[0]?.count);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
