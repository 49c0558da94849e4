import pg from "pg";
import type { PostgresAddress } from "../../engine/postgres.ts";

const CONNECT_MILLISECONDS = 10_000;
const OLDEST = 13;
const NEWEST = 17;

/** Values look the same whatever a server or a role has set. */
export const SESSION = [
  "SET DateStyle = 'ISO, YMD'",
  "SET IntervalStyle = 'postgres'",
  "SET TimeZone = 'UTC'",
  "SET extra_float_digits = 1",
  "SET bytea_output = 'hex'",
  "SET lc_monetary = 'C'",
  "SET search_path = ''",
  // Rows come in the order in which they lie: the same content gives the same checksum.
  "SET synchronize_seqscans = off",
  "SET statement_timeout = 0",
  "SET idle_in_transaction_session_timeout = 0",
  "SET lock_timeout = '30s'",
  // An error rather than a part of the rows.
  "SET row_security = off",
].join("; ");

/** Everything that is read from a source, at one moment. */
export interface Source {
  readonly address: PostgresAddress;
  /** The connection that holds the snapshot open. */
  readonly client: pg.Client;
  /** What further connections import. */
  readonly snapshot: string;
  /** Such as `17.5`. */
  readonly version: string;
  readonly bytes: number;
}

/** `host:port/database`. */
export function describeAddress({ host, port, database }: PostgresAddress): string {
  return `${host}:${port}/${database}`;
}

/** A client of the server; its errors while nobody asks anything are what the next question meets. */
export function clientOf(address: PostgresAddress): pg.Client {
  const client = new pg.Client({
    host: address.host,
    port: address.port,
    user: address.username,
    password: address.password,
    database: address.database,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    application_name: "rehearse snapshot",
    keepAlive: true,
    ssl: address.sslmode === "disable" ? false : { rejectUnauthorized: address.sslmode !== "require" },
  });
  client.on("error", () => undefined);
  return client;
}

/**
 * Connects to a source, begins a read-only transaction and exports its snapshot.
 *
 * @throws Error when the source does not answer, refuses the role, or is a server of another age
 */
export async function openSource(address: PostgresAddress): Promise<Source> {
  const client = clientOf(address);
  const where = describeAddress(address);
  try {
    await client.connect();
  } catch (error) {
    throw new Error(connectionFault(where, address.username, error));
  }
  try {
    await client.query(SESSION);
    await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const { rows } = await client.query<{ number: string; version: string; encoding: string; bytes: string }>(
      "SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version, " +
        "pg_encoding_to_char(encoding) AS encoding, pg_database_size(oid) AS bytes " +
        "FROM pg_database WHERE datname = current_database()",
    );
    const [facts] = rows;
    if (facts === undefined) throw new Error(`the server at ${where} must name its database; it did not.`);
    const version = facts.version.split(" ")[0] ?? "";
    const major = Math.floor(Number(facts.number) / 10_000);
    if (major < OLDEST || major > NEWEST) {
      throw new Error(
        `the server at ${where} must be PostgreSQL ${OLDEST} to ${NEWEST}; found ${version}. ` +
          (major > NEWEST
            ? `Environments run PostgreSQL ${NEWEST}, which cannot read a newer server's schema.`
            : "Upgrade it first."),
      );
    }
    if (facts.encoding === "SQL_ASCII") {
      throw new Error(
        `database ${where} must declare the encoding of its texts; found SQL_ASCII. Restore it into a UTF8 database.`,
      );
    }
    const exported = await client.query<{ snapshot: string }>("SELECT pg_export_snapshot() AS snapshot");
    return { address, client, snapshot: exported.rows[0]?.snapshot ?? "", version, bytes: Number(facts.bytes) };
  } catch (error) {
    await client.end();
    throw error;
  }
}

/** Another connection that sees exactly what the source's first one sees. */
export async function joinSource({ address, snapshot }: Source): Promise<pg.Client> {
  const client = clientOf(address);
  await client.connect();
  try {
    await client.query(SESSION);
    await client.query("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query(`SET TRANSACTION SNAPSHOT ${client.escapeLiteral(snapshot)}`);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

function connectionFault(where: string, role: string, error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  const said = error instanceof Error && error.message !== "" ? error.message : code;
  if (code === "28P01" || code === "28000" || /password/i.test(said)) {
    return `the server at ${where} must let role ${role} in; it says: ${said}. Correct the password in the URL, or set PGPASSWORD.`;
  }
  if (code === "3D000") return `the server at ${where} must have the database; it says: ${said}. Correct the URL.`;
  return `the source must answer at ${where}; found ${said}. Check host, port, sslmode and firewall, and that the server runs.`;
}
