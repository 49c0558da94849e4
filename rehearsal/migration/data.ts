import type pg from "pg";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import { quoted } from "./long-transaction.ts";
import type { MigrationRehearsal } from "./result.ts";

/** What a table held at one moment. */
export interface TableState {
  readonly rows: number;
  readonly bytes: number;
  /** A checksum for each column, independent of the order of rows. */
  readonly columns: Readonly<Record<string, string>>;
}

/** What a database held at one moment, by table: `name` in schema public, else `schema.name`. */
export type DataState = Readonly<Record<string, TableState>>;

/** What must hold in any database that a release leaves behind. */
export interface Soundness {
  /** Indexes that are there and not used. */
  readonly invalidIndexes: readonly string[];
  /** Constraints that existing rows were not checked against. */
  readonly notValidated: readonly string[];
  /** Those of them that a rule on a single row makes, and that rows break. */
  readonly unmet: readonly { readonly constraint: string; readonly table: string; readonly rows: number }[];
  /** Sequences that will give a number which their column holds already. */
  readonly behind: readonly {
    readonly sequence: string;
    readonly column: string;
    readonly next: string;
    readonly highest: string;
  }[];
}

/** Types without a hash of their own are compared by their text. */
const HASHED_AS_TEXT = new Set([
  "json",
  "xml",
  "point",
  "box",
  "circle",
  "polygon",
  "path",
  "lseg",
  "line",
  "tsvector",
  "tsquery",
]);

/** Counts rows and sums up the columns of every table. */
export async function dataState(address: PostgresAddress): Promise<DataState> {
  return withConnection(address, async (client) => {
    const state: Record<string, TableState> = {};
    for (const [table, columns] of await columnsByTable(client))
      state[table] = await tableState(client, table, columns);
    return state;
  });
}

/** Sizes of the tables with their indexes, and rows as the planner estimates them: costs no reading of the data. */
export async function tableSizes(address: PostgresAddress): Promise<Record<string, { rows: number; bytes: number }>> {
  return withConnection(address, async (client) => {
    const { rows } = await client.query<{ table: string; rows: string; bytes: string }>(
      `SELECT ${TABLE_NAME} AS "table", greatest(c.reltuples, 0)::bigint AS rows, pg_total_relation_size(c.oid) AS bytes
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USER_TABLE}`,
    );
    return Object.fromEntries(
      rows.map(({ table, rows: count, bytes }) => [table, { rows: Number(count), bytes: Number(bytes) }]),
    );
  });
}

/** Looks for invalid indexes, constraints that were not validated or that rows break, and sequences behind their columns. */
export async function soundness(address: PostgresAddress): Promise<Soundness> {
  return withConnection(address, async (client) => {
    const names = async (sql: string) => (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name);
    return {
      invalidIndexes: await names(
        "SELECT i.indexrelid::regclass::text AS name FROM pg_index i WHERE NOT (i.indisvalid AND i.indisready) ORDER BY 1",
      ),
      notValidated: await names(
        `SELECT format('%I on %s', conname, conrelid::regclass) AS name FROM pg_constraint
         WHERE NOT convalidated AND conrelid <> 0 ORDER BY 1`,
      ),
      unmet: await unmetConstraints(client),
      behind: await sequencesBehind(client),
    };
  });
}

/** Constraints NOT VALID are few; each is a look at its table. */
async function unmetConstraints(client: pg.Client): Promise<Soundness["unmet"]> {
  const { rows } = await client.query<{ constraint: string; table: string; rule: string }>(
    `SELECT format('%I on %s', k.conname, k.conrelid::regclass) AS "constraint", k.conrelid::regclass::text AS "table",
            pg_get_expr(k.conbin, k.conrelid) AS rule
     FROM pg_constraint k WHERE k.contype = 'c' AND NOT k.convalidated AND k.conrelid <> 0 ORDER BY 1`,
  );
  const unmet: { constraint: string; table: string; rows: number }[] = [];
  for (const { constraint, table, rule } of rows) {
    const { rows: found } = await client.query<{ rows: string }>(
      `SELECT count(*)::text AS rows FROM ONLY ${table} WHERE NOT (${rule})`,
    );
    const count = Number(found[0]?.rows ?? 0);
    if (count > 0) unmet.push({ constraint, table, rows: count });
  }
  return unmet;
}

/** Puts the sequences back after work that is rolled back: they take no part in that. */
export async function keepingSequences<T>(address: PostgresAddress, work: () => Promise<T>): Promise<T> {
  const before = await withConnection(address, sequences);
  const done = await work();
  await withConnection(address, async (client) => {
    for (const { name, last, called } of before) {
      await client.query("SELECT setval(to_regclass($1), $2, $3) WHERE to_regclass($1) IS NOT NULL", [
        name,
        last,
        called,
      ]);
    }
  });
  return done;
}

async function sequences(client: pg.Client): Promise<{ name: string; last: string; called: boolean }[]> {
  const { rows: names } = await client.query<{ name: string }>(
    "SELECT seqrelid::regclass::text AS name FROM pg_sequence",
  );
  const states: { name: string; last: string; called: boolean }[] = [];
  for (const { name } of names) {
    const { rows } = await client.query<{ last: string; called: boolean }>(
      `SELECT last_value::text AS last, is_called AS called FROM ${name}`,
    );
    for (const state of rows) states.push({ name, ...state });
  }
  return states;
}

async function sequencesBehind(client: pg.Client): Promise<Soundness["behind"]> {
  const { rows } = await client.query<{ sequence: string; table: string; column: string; step: string }>(
    `SELECT d.objid::regclass::text AS sequence, ${TABLE_NAME} AS "table", a.attname AS "column", s.seqincrement AS step
     FROM pg_depend d
     JOIN pg_sequence s ON s.seqrelid = d.objid
     JOIN pg_class c ON c.oid = d.refobjid
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
       AND s.seqincrement > 0 AND ${USER_TABLE}`,
  );
  const behind: { sequence: string; column: string; next: string; highest: string }[] = [];
  for (const { sequence, table, column } of rows) {
    const { rows: found } = await client.query<{ next: string; highest: string | null }>(
      `SELECT (CASE WHEN is_called THEN last_value + 1 ELSE last_value END)::text AS next,
              (SELECT max(${quoted(column)})::text FROM ${quoted(table)}) AS highest FROM ${sequence}`,
    );
    const [state] = found;
    if (state?.highest === null || state === undefined || BigInt(state.next) > BigInt(state.highest)) continue;
    behind.push({ sequence, column: `${table}.${column}`, next: state.next, highest: state.highest });
  }
  return behind;
}

/**
 * How many rows of a table say nothing that another one does not: keys, unique columns and times left out.
 *
 * @param table `name` in schema public, else `schema.name`
 */
export async function doublesIn(address: PostgresAddress, table: string): Promise<number> {
  return withConnection(address, async (client) => {
    const { rows: columns } = await client.query<{ name: string }>(
      `SELECT a.attname AS name FROM pg_attribute a
       WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
         AND format_type(a.atttypid, NULL) !~ '^time' AND NOT EXISTS (
           SELECT FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum)
       ORDER BY a.attnum`,
      [quoted(table)],
    );
    const said = columns.map(({ name }) => quoted(name)).join(", ");
    const { rows } = await client.query<{ doubles: string }>(
      `SELECT (count(*) - count(DISTINCT md5(ROW(${said})::text)))::text AS doubles FROM ${quoted(table)}`,
    );
    return Number(rows[0]?.doubles ?? 0);
  });
}

async function columnsByTable(client: pg.Client): Promise<Map<string, { name: string; type: string }[]>> {
  const { rows } = await client.query<{ table: string; name: string; type: string }>(
    `SELECT ${TABLE_NAME} AS "table", a.attname AS name, coalesce(e.typname, t.typname) AS type
     FROM pg_class c
     JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     JOIN pg_type t ON t.oid = a.atttypid
     LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
     WHERE ${USER_TABLE} AND NOT c.relispartition ORDER BY 1, a.attnum`,
  );
  const tables = new Map<string, { name: string; type: string }[]>();
  for (const { table, name, type } of rows) tables.set(table, [...(tables.get(table) ?? []), { name, type }]);
  return tables;
}

async function tableState(
  client: pg.Client,
  table: string,
  columns: readonly { name: string; type: string }[],
): Promise<TableState> {
  const sums = columns.map(({ name, type }, index) => {
    const value = HASHED_AS_TEXT.has(type) ? `${quoted(name)}::text` : quoted(name);
    return `sum(hash_record_extended(ROW(${value}), 0))::text AS c${index}`;
  });
  const { rows } = await client.query<Record<string, string | null>>(
    `SELECT count(*)::text AS rows, pg_total_relation_size($1)::text AS bytes${sums.map((sum) => `, ${sum}`).join("")}
     FROM ${quoted(table)}`,
    [quoted(table)],
  );
  const [found = {}] = rows;
  return {
    rows: Number(found["rows"]),
    bytes: Number(found["bytes"]),
    columns: Object.fromEntries(columns.map(({ name }, index) => [name, found[`c${index}`] ?? "empty"])),
  };
}

const TABLE_NAME = "CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END";
const USER_TABLE =
  "c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'";

/** Sizes of tables before and after, side by side; null where a table was not there. */
export function compareSizes(
  before: Record<string, { rows: number; bytes: number }>,
  after: Record<string, { rows: number; bytes: number }>,
): MigrationRehearsal["sizes"] {
  const tables = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return tables.map((table) => ({
    table,
    rowsBefore: before[table]?.rows ?? null,
    rowsAfter: after[table]?.rows ?? null,
    bytesBefore: before[table]?.bytes ?? null,
    bytesAfter: after[table]?.bytes ?? null,
  }));
}
