import type { Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import type pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { type CatalogueTable, qualified } from "./catalogue.ts";
import { ColumnTransforms } from "./masking/column-transforms.ts";
import { columnKey, type MaskingPlan } from "./masking/masking-plan.ts";
import { MaskingStream, type Passed } from "./masking/masking-stream.ts";
import type { Target } from "./restore.ts";
import { clientOf, joinSource, SESSION, type Source } from "./source.ts";

/** A table that was copied. */
export interface CopiedTable extends Passed {
  readonly table: CatalogueTable;
  readonly rows: number;
}

/** Told how far the copy is. */
export interface CopyProgress {
  /** Bytes that have come since the last call. */
  received(bytes: number): void;
  copied(table: CopiedTable, seconds: number): void;
}

/** More than two only wait for each other: this process masks, and passes on, with one processor. */
const AT_ONCE = 2;

/**
 * Copies the rows of all tables, masked, large tables first and several side by side. Each table is emptied and filled in
 * one transaction, frozen: no reader of a clone has to write to it.
 */
export async function copyData(
  source: Source,
  target: Target,
  tables: readonly CatalogueTable[],
  masking: { readonly plan: MaskingPlan; readonly key: Buffer },
  progress: CopyProgress,
  signal: AbortSignal,
): Promise<CopiedTable[]> {
  const transforms = new ColumnTransforms(masking.key);
  const left = [...tables].sort((one, other) => other.bytes - one.bytes);
  const copied: CopiedTable[] = [];
  // One failure ends the others.
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  const work = async () => {
    const [reader, writer] = [await joinSource(source), clientOf(target.address)];
    try {
      await writer.connect();
      await writer.query(SESSION);
      for (let table = left.shift(); table !== undefined; table = left.shift()) {
        either.throwIfAborted();
        const started = performance.now();
        const done = await copyTable(reader, writer, table, { transforms, plan: masking.plan }, progress, either);
        copied.push(done);
        progress.copied(done, (performance.now() - started) / 1000);
      }
      await Promise.all([reader.end(), writer.end()]);
    } catch (error) {
      failure.abort(error);
      drop(reader);
      drop(writer);
      throw error;
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, tables.length) }, work));
  signal.throwIfAborted();
  if (failure.signal.aborted) throw failure.signal.reason;
  const failed = workers.find((worker) => worker.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return copied.sort((one, other) => tableName(one.table).localeCompare(tableName(other.table)));
}

/** `schema.table`. */
export function tableName({ schema, name }: CatalogueTable): string {
  return `${schema}.${name}`;
}

/** The columns whose values are stored: generated ones follow from them. */
export function storedColumns({ columns }: CatalogueTable) {
  return columns.filter(({ generated }) => !generated);
}

async function copyTable(
  reader: pg.Client,
  writer: pg.Client,
  table: CatalogueTable,
  masking: { readonly transforms: ColumnTransforms; readonly plan: MaskingPlan },
  progress: CopyProgress,
  signal: AbortSignal,
): Promise<CopiedTable> {
  const columns = storedColumns(table);
  const name = qualified(reader, table.schema, table.name);
  const list = columns.map((column) => reader.escapeIdentifier(column.name)).join(", ");
  const stream = new MaskingStream(
    await Promise.all(
      columns.map(async (column) => {
        const kind = masking.plan.get(columnKey(column));
        return kind === undefined ? undefined : await masking.transforms.forColumn(column, kind);
      }),
    ),
  );
  if (columns.length === 0) return { table, rows: 0, ...stream.passed() };
  try {
    await writer.query("BEGIN");
    await writer.query(`TRUNCATE ONLY ${name}`);
    const rows = reader.query(copyTo(`COPY (SELECT ${list} FROM ONLY ${name}) TO STDOUT`));
    rows.on("data", (chunk: Buffer) => {
      progress.received(chunk.length);
    });
    const filled = writer.query(copyFrom(`COPY ${name} (${list}) FROM STDIN WITH (FREEZE)`));
    await pipeline(rows, stream, filled, { signal });
    await writer.query("COMMIT");
    return { table, rows: filled.rowCount, ...stream.passed() };
  } catch (error) {
    if (signal.aborted) throw error;
    const { message, detail } = error as { message: string; detail?: string };
    const masked = columns.filter((column) => masking.plan.has(columnKey(column)));
    const remedy =
      masked.length === 0
        ? "Repeat the snapshot when the source's server is well."
        : `Where a constraint of the table refuses masked values, choose other kinds for ${masked.map((column) => column.name).join(", ")}.`;
    throw new Error(
      `the rows of ${tableName(table)} must fit its copy; the server says: ${[message, detail].filter(Boolean).join("; ")}. ${remedy}`,
    );
  }
}

/** Closes a connection that is in the midst of a copy, and would not listen. */
function drop(client: pg.Client): void {
  const { connection } = client as unknown as { readonly connection: { readonly stream: Socket } };
  connection.stream.destroy();
}
