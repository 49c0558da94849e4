import type pg from "pg";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import type { DataState } from "./data.ts";
import { quoted } from "./long-transaction.ts";

/** What a column holds, in figures. */
export interface ColumnValues {
  /** As the server writes it, with its length. */
  readonly type: string;
  readonly rows: number;
  readonly nulls: number;
  /** Different values, nulls left out. */
  readonly different: number;
  /** Rows of each value, the most frequent first; only where there are few values. */
  readonly frequent: readonly { readonly value: string; readonly rows: number }[];
}

/** A column whose values the migrations changed. */
export interface ChangedColumn {
  readonly table: string;
  readonly column: string;
  readonly before: ColumnValues;
  readonly after: ColumnValues;
  /** A number that rows without one were given, where others had it already and rows without one are still allowed. */
  readonly filledWith?: { readonly value: string; readonly rows: number; readonly had: number };
}

/** A column that the migrations added to a table that was there. */
export interface AddedColumn {
  readonly table: string;
  readonly column: string;
  readonly values: ColumnValues;
}

/** Up to here a column is one of kinds or states, and its values are told one by one. */
const FEW = 12;
const COMMON = 2000;
const NUMBER = /^(?:smallint|integer|bigint|numeric|real|double precision)/;

/**
 * Looks closer at the columns whose checksums differ, in a database as it was and in the migrated one.
 *
 * @param before a clone without the migrations
 */
export async function changedColumns(
  states: { readonly before: DataState; readonly after: DataState },
  before: PostgresAddress,
  after: PostgresAddress,
): Promise<ChangedColumn[]> {
  const changed = columnsThatDiffer(states.before, states.after);
  return await withConnection(before, (was) =>
    withConnection(after, async (is) => {
      const found: ChangedColumn[] = [];
      for (const { table, column } of changed) {
        const [earlier, later] = [await valuesOf(was, table, column), await valuesOf(is, table, column)];
        const filledWith = await oneNumberForNone(was, is, { table, column, before: earlier, after: later });
        found.push({
          table,
          column,
          before: earlier,
          after: later,
          ...(filledWith === undefined ? {} : { filledWith }),
        });
      }
      return found;
    }),
  );
}

/**
 * What columns hold that the migrations have added to tables with rows.
 *
 * @param after the migrated database
 */
export async function addedColumns(
  states: { readonly before: DataState; readonly after: DataState },
  after: PostgresAddress,
): Promise<AddedColumn[]> {
  const added = Object.entries(states.before).flatMap(([table, { columns }]) =>
    Object.keys(states.after[table]?.columns ?? {})
      .filter((column) => !(column in columns))
      .map((column) => ({ table, column })),
  );
  if (added.length === 0) return [];
  return await withConnection(after, async (client) => {
    const found: AddedColumn[] = [];
    for (const { table, column } of added) found.push({ table, column, values: await valuesOf(client, table, column) });
    return found;
  });
}

/** Columns that are there before and after with other values; history of migrations left out. */
export function columnsThatDiffer(before: DataState, after: DataState): { table: string; column: string }[] {
  return Object.entries(before).flatMap(([table, { columns }]) =>
    table.endsWith("django_migrations")
      ? []
      : Object.entries(columns)
          .filter(([column, sum]) => (after[table]?.columns[column] ?? sum) !== sum)
          .map(([column]) => ({ table, column })),
  );
}

async function valuesOf(client: pg.Client, table: string, column: string): Promise<ColumnValues> {
  const name = quoted(column);
  const { rows } = await client.query<{ type: string; rows: string; filled: string; different: string }>(
    `SELECT (SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2) AS type,
            count(*)::text AS rows, count(${name})::text AS filled,
            count(DISTINCT ${name}::text)::text AS different
     FROM ${quoted(table)}`,
    [quoted(table), column],
  );
  const [facts = { type: "", rows: "0", filled: "0", different: "0" }] = rows;
  const different = Number(facts.different);
  const frequent = different > FEW ? [] : await frequentValues(client, table, name);
  return {
    type: facts.type,
    rows: Number(facts.rows),
    nulls: Number(facts.rows) - Number(facts.filled),
    different,
    frequent,
  };
}

/** Those of columns that hold numbers, as `table.column`: other values may be drawn or be of the moment. */
export async function ofNumbers(
  address: PostgresAddress,
  columns: readonly { readonly table: string; readonly column: string }[],
): Promise<string[]> {
  if (columns.length === 0) return [];
  return await withConnection(address, async (client) => {
    const found: string[] = [];
    for (const { table, column } of columns) {
      const { rows } = await client.query<{ type: string }>(
        "SELECT format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2",
        [quoted(table), column],
      );
      if (NUMBER.test(rows[0]?.type ?? "")) found.push(`${table}.${column}`);
    }
    return found;
  });
}

async function oneNumberForNone(
  was: pg.Client,
  is: pg.Client,
  { table, column, before, after }: ChangedColumn,
): Promise<ChangedColumn["filledWith"]> {
  const filled = before.nulls - after.nulls;
  if (filled <= 0 || after.rows !== before.rows || !NUMBER.test(after.type)) return undefined;
  const { rows } = await is.query(
    "SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2 AND NOT attnotnull",
    [quoted(table), column],
  );
  // Where each row must have one now, something had to be put there.
  if (rows.length === 0) return undefined;
  const [had, has] = [await commonValues(was, table, column), await commonValues(is, table, column)];
  for (const [value, count] of has) {
    const earlier = had.get(value) ?? 0;
    if (earlier > 0 && count - earlier === filled) return { value, rows: filled, had: earlier };
  }
  return undefined;
}

/** Rows by value, of as many values as could be a common one. */
async function commonValues(client: pg.Client, table: string, column: string): Promise<ReadonlyMap<string, number>> {
  const name = quoted(column);
  const { rows } = await client.query<{ value: string; rows: string }>(
    `SELECT ${name}::text AS value, count(*)::text AS rows FROM ${quoted(table)}
     WHERE ${name} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT ${COMMON}`,
  );
  return new Map(rows.map(({ value, rows: count }) => [value, Number(count)]));
}

async function frequentValues(client: pg.Client, table: string, name: string): Promise<ColumnValues["frequent"]> {
  const { rows } = await client.query<{ value: string; rows: string }>(
    `SELECT left(${name}::text, 40) AS value, count(*)::text AS rows FROM ${quoted(table)}
     WHERE ${name} IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1`,
  );
  return rows.map(({ value, rows: count }) => ({ value, rows: Number(count) }));
}
