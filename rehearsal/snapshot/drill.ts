import { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { type CatalogueTable, qualified, readSequences } from "./catalogue.ts";
import {
  type CatalogueDescription,
  catalogueDifferences,
  describeCatalogue,
  describeSequences,
} from "./catalogue-description.ts";
import { type CopiedTable, storedColumns, tableName } from "./copy-data.ts";
import { columnKey, type MaskingPlan } from "./masking/masking-plan.ts";
import { MaskingStream } from "./masking/masking-stream.ts";
import { removeServer, startWorkServer } from "./server-container.ts";
import { SNAPSHOT_DATABASE } from "./snapshot-image.ts";
import { clientOf, SESSION } from "./source.ts";

/** What a snapshot is held against. */
export interface Expected {
  readonly catalogue: CatalogueDescription;
  readonly sequences: CatalogueDescription;
  readonly tables: readonly CopiedTable[];
  readonly plan: MaskingPlan;
  /** Whether the source's server writes definitions as ours does. */
  readonly sameMajor: boolean;
}

/** What the drill found. */
export interface DrillReport {
  readonly passed: boolean;
  readonly seconds: number;
  /** Seconds from the start of the clone's container to its first answer. */
  readonly startSeconds: number;
  readonly objects: number;
  readonly sequences: number;
  readonly tables: readonly TableDrill[];
  /** What is wrong, a line each. */
  readonly differences: readonly string[];
}

/** One table of the drill. */
export interface TableDrill {
  readonly table: string;
  readonly rows: number;
  readonly write: string;
}

/**
 * Starts a clone of a snapshot and compares it with what the source was: objects of the schema, sequences, row counts,
 * checksums of rows; and writes to every table, in transactions that are rolled back.
 */
export async function drill(
  docker: Docker,
  image: string,
  expected: Expected,
  signal: AbortSignal,
): Promise<DrillReport> {
  const started = performance.now();
  const server = await startWorkServer(docker, image, "drill", ["autovacuum=off", "fsync=off"], signal);
  const startSeconds = (performance.now() - started) / 1000;
  const client = clientOf({ ...server.address, database: SNAPSHOT_DATABASE });
  try {
    await client.connect();
    await client.query(SESSION);
    const sequences = describeSequences(await readSequences(client));
    const differences = [
      ...catalogueDifferences(expected.catalogue, await describeCatalogue(client), expected.sameMajor),
      ...catalogueDifferences(expected.sequences, sequences, true),
    ];
    const tables: TableDrill[] = [];
    for (const table of expected.tables) {
      signal.throwIfAborted();
      differences.push(...(await compareRows(client, table, expected.plan)));
      const write = await tryWrite(client, table.table, table.rows);
      if (write.fault !== undefined) differences.push(`${tableName(table.table)} refuses a write: ${write.fault}`);
      tables.push({ table: tableName(table.table), rows: table.rows, write: write.fault ?? write.done });
    }
    return {
      passed: differences.length === 0,
      seconds: (performance.now() - started) / 1000,
      startSeconds,
      objects: expected.catalogue.size,
      sequences: expected.sequences.size,
      tables,
      differences,
    };
  } finally {
    await client.end().catch(() => undefined);
    await removeServer(server.container);
  }
}

/** Reads a table back: what was stored must be what was sent, and what is not masked must be what the source had. */
async function compareRows(client: pg.Client, copied: CopiedTable, plan: MaskingPlan): Promise<string[]> {
  const columns = storedColumns(copied.table);
  if (columns.length === 0) return [];
  const list = columns.map(({ name }) => client.escapeIdentifier(name)).join(", ");
  const name = qualified(client, copied.table.schema, copied.table.name);
  const rows = client.query(copyTo(`COPY (SELECT ${list} FROM ONLY ${name}) TO STDOUT`));
  const masked = columns.map((column) => (plan.has(columnKey(column)) ? (value: string) => value : undefined));
  const reading = new MaskingStream(masked);
  await pipeline(
    rows,
    reading,
    new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    }),
  );
  const what = tableName(copied.table);
  const found = reading.passed();
  return [
    ...(rows.rowCount === copied.rows
      ? []
      : [`${what} has ${copied.rows} rows in the source and ${rows.rowCount} in the copy`]),
    ...(found.content === copied.content ? [] : [`${what} does not hold the rows that were written to it`]),
    ...(found.unmasked === copied.unmasked ? [] : [`${what} differs from the source in columns that are not masked`]),
  ];
}

/** One write, without triggers: what is tried is whether the table and its indexes and constraints take a row. */
async function tryWrite(
  client: pg.Client,
  table: CatalogueTable,
  rows: number,
): Promise<{ done: string; fault?: string }> {
  const name = qualified(client, table.schema, table.name);
  const list = storedColumns(table)
    .map((column) => client.escapeIdentifier(column.name))
    .join(", ");
  const replaced =
    `WITH gone AS (DELETE FROM ONLY ${name} WHERE ctid = (SELECT ctid FROM ONLY ${name} LIMIT 1) RETURNING *) ` +
    `INSERT INTO ${name} (${list}) OVERRIDING SYSTEM VALUE SELECT ${list} FROM gone`;
  await client.query("BEGIN");
  try {
    await client.query("SET LOCAL session_replication_role = replica");
    if (rows > 0 && list !== "") await client.query(replaced);
    else await client.query(`INSERT INTO ${name} DEFAULT VALUES`);
    return { done: rows > 0 ? "a row deleted and inserted again" : "a row inserted" };
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    // Integrity: the row came as far as the table's own constraints, which an old row (NOT VALID) or an empty one may break.
    if (code.startsWith("23")) return { done: `answered by its constraints: ${message}` };
    return { done: "", fault: message };
  } finally {
    await client.query("ROLLBACK");
  }
}
