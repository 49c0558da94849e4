import type pg from "pg";
import type { PostgresAddress } from "../../engine/postgres.ts";
import { qualified, type SequenceState } from "./catalogue.ts";
import { SNAPSHOT_DATABASE, SNAPSHOT_OWNER, STATISTICS_DATABASE } from "./snapshot-image.ts";
import { clientOf, SESSION, type Source } from "./source.ts";
import type { SourceStatement } from "./statements.ts";

/**
 * Settings of the server while it is filled: nobody needs what a crash would spare, as an unfinished snapshot is thrown
 * away, and one that is finished was stopped cleanly.
 */
export const FILLING = [
  "fsync=off",
  "full_page_writes=off",
  "synchronous_commit=off",
  // Tables that are emptied and filled in one transaction are not written to the log at all.
  "wal_level=minimal",
  "max_wal_senders=0",
  "min_wal_size=32MB",
  "max_wal_size=2GB",
  "checkpoint_timeout=1h",
  "autovacuum=off",
  "shared_buffers=256MB",
  "maintenance_work_mem=256MB",
  "max_locks_per_transaction=4096",
  "log_min_messages=error",
];

/** The databases of a snapshot's server, as its owner, who is a superuser until the snapshot is sealed. */
export interface Target {
  readonly address: PostgresAddress;
  readonly client: pg.Client;
}

/** Makes the owner and an empty database that sorts as the source does, where the server can. */
export async function prepareTarget(server: PostgresAddress, source: Source): Promise<Target> {
  const address = { ...server, username: SNAPSHOT_OWNER, database: SNAPSHOT_DATABASE };
  await asked(server, async (client) => {
    const password = client.escapeLiteral(server.password);
    await client.query(`CREATE ROLE ${SNAPSHOT_OWNER} SUPERUSER LOGIN PASSWORD ${password}`);
    const locale = await icuLocale(source.client);
    const sorted = locale === undefined ? "" : ` LOCALE_PROVIDER icu ICU_LOCALE ${client.escapeLiteral(locale)}`;
    await client.query(`CREATE DATABASE ${SNAPSHOT_DATABASE} OWNER ${SNAPSHOT_OWNER} TEMPLATE template0${sorted}`);
    await client.query(`CREATE DATABASE ${STATISTICS_DATABASE} OWNER ${SNAPSHOT_OWNER}`);
  });
  const client = clientOf(address);
  await client.connect();
  await client.query(SESSION);
  return { address, client };
}

/**
 * @throws Error with the extensions of the source that the snapshot's server does not have
 */
export async function checkExtensions(target: Target, extensions: readonly string[]): Promise<void> {
  const { rows } = await target.client.query<{ name: string }>("SELECT name FROM pg_available_extensions");
  const missing = extensions.filter((extension) => !rows.some(({ name }) => name === extension));
  if (missing.length === 0) return;
  throw new Error(
    `the image of PostgreSQL must have every extension of the source; it lacks ${missing.join(", ")}. ` +
      "Add their packages to images/postgres/Dockerfile, and build it with: pulumi preview --stack sandbox",
  );
}

/** Runs one part of a schema. */
export async function runSchema(target: Target, part: "before" | "after", sql: string): Promise<void> {
  try {
    await target.client.query(sql);
  } catch (error) {
    const { message, detail, where } = error as { message: string; detail?: string; where?: string };
    const said = [message, detail, where].filter((text) => text !== undefined).join("; ");
    throw new Error(
      part === "before"
        ? `the source's schema must run on the snapshot's server; it says: ${said}`
        : `the source's indexes and constraints must hold for the copied rows; the server says: ${said}. Where the ` +
            "columns are masked choose another kind for them (hash keeps distinct values distinct); otherwise the source " +
            "itself breaks its constraint: mend its rows, or declare the constraint NOT VALID.",
    );
  }
  // A dump sets parameters of its own.
  await target.client.query(SESSION);
}

/** Puts every sequence where the source's stands. */
export async function setSequences(target: Target, sequences: readonly SequenceState[]): Promise<void> {
  for (const { schema, name, lastValue, isCalled } of sequences) {
    await target.client.query("SELECT setval($1::regclass, $2, $3)", [
      qualified(target.client, schema, name),
      lastValue,
      isCalled,
    ]);
  }
}

/** Fills materialized views that were filled in the source; those that read others come after them. */
export async function refreshViews(target: Target, source: Source): Promise<void> {
  const { rows } = await source.client.query<{ schema: string; name: string }>(
    "SELECT schemaname AS schema, matviewname AS name FROM pg_matviews WHERE ispopulated ORDER BY 1, 2",
  );
  for (let left = rows; left.length > 0; ) {
    const unfilled: typeof rows = [];
    let fault: unknown;
    for (const view of left) {
      try {
        await target.client.query(`REFRESH MATERIALIZED VIEW ${qualified(target.client, view.schema, view.name)}`);
      } catch (error) {
        unfilled.push(view);
        fault = error;
      }
    }
    if (unfilled.length === left.length) throw fault;
    left = unfilled;
  }
}

/** Keeps the statements beside the data, in a database of their own that no migration sees. */
export async function storeStatements(target: Target, statements: readonly SourceStatement[]): Promise<void> {
  await asked({ ...target.address, database: STATISTICS_DATABASE }, async (client) => {
    await client.query("CREATE TABLE statements (query text, calls bigint, mean_ms float8, role text)");
    await client.query("INSERT INTO statements SELECT * FROM json_populate_recordset(NULL::statements, $1)", [
      JSON.stringify(statements.map(({ meanMilliseconds, ...rest }) => ({ ...rest, mean_ms: meanMilliseconds }))),
    ]);
  });
}

/** Gathers statistics, takes the owner's rights and both passwords away, and gives the database's size. */
export async function sealTarget(server: PostgresAddress, target: Target): Promise<number> {
  await target.client.query("ANALYZE");
  await target.client.end();
  return await asked({ ...server, database: SNAPSHOT_DATABASE }, async (client) => {
    await client.query(`ALTER ROLE ${SNAPSHOT_OWNER} NOSUPERUSER NOLOGIN PASSWORD NULL`);
    await client.query("ALTER ROLE postgres PASSWORD NULL");
    const { rows } = await client.query<{ bytes: string }>("SELECT pg_database_size(current_database()) AS bytes");
    await client.query("CHECKPOINT");
    return Number(rows[0]?.bytes);
  });
}

/** The locale of a source that sorts by ICU, as every server does that has ICU. */
async function icuLocale(client: pg.Client): Promise<string | undefined> {
  // The columns have other names in each version.
  const { rows } = await client.query<{ facts: Record<string, string | null> }>(
    "SELECT to_json(d) AS facts FROM pg_database d WHERE datname = current_database()",
  );
  const facts = rows[0]?.facts ?? {};
  if (facts["datlocprovider"] !== "i") return undefined;
  return facts["datlocale"] ?? facts["daticulocale"] ?? undefined;
}

async function asked<T>(address: PostgresAddress, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = clientOf(address);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
