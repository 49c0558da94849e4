import type pg from "pg";
import type { MaskedColumn } from "./masking/kinds.ts";
import type { JoinedColumns } from "./masking/masking-plan.ts";

/** A table with rows of its own: partitions and children count, what only stands above them does not. */
export interface CatalogueTable {
  readonly schema: string;
  readonly name: string;
  readonly bytes: number;
  /** In order; generated ones too. */
  readonly columns: readonly MaskedColumn[];
}

/** A sequence, where it stands. */
export interface SequenceState {
  readonly schema: string;
  readonly name: string;
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** Objects that are not part of an extension, in schemas that are not the server's own. */
const OWN = (relation: string, kind = "pg_class") => `
  n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%'
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '${kind}'::regclass AND d.objid = ${relation}.oid AND d.deptype = 'e')`;

const COLUMNS = `
  WITH RECURSIVE base AS (
    SELECT oid, oid AS below, typtype, typbasetype, typtypmod FROM pg_type
    UNION ALL
    SELECT base.oid, t.oid, t.typtype, t.typbasetype,
           CASE WHEN base.typtypmod >= 0 THEN base.typtypmod ELSE t.typtypmod END
    FROM base JOIN pg_type t ON base.typtype = 'd' AND t.oid = base.typbasetype)
  SELECT c.oid::text AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
         CASE WHEN t.typcategory = 'A' AND e.oid IS NOT NULL THEN e.typname || '[]' ELSE t.typname END AS "baseType",
         CASE WHEN t.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, base.typtypmod) >= 4
              THEN greatest(a.atttypmod, base.typtypmod) - 4 END AS limit,
         NOT (a.attnotnull OR at.typnotnull) AS nullable, a.attgenerated <> '' AS generated,
         EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey)
                 OR i.indrelid = c.oid AND i.indisunique AND pg_get_indexdef(i.indexrelid) LIKE '%' || quote_ident(a.attname) || '%') AS unique
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type at ON at.oid = a.atttypid
  JOIN base ON base.oid = a.atttypid AND base.typtype <> 'd'
  JOIN pg_type t ON t.oid = base.below
  LEFT JOIN pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
  WHERE c.relkind = 'r' AND ${OWN("c")}
  ORDER BY c.oid, a.attnum`;

const TABLES = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, pg_table_size(c.oid) AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND ${OWN("c")} ORDER BY n.nspname, c.relname`;

/** The tables of a database with their columns, by schema and name. */
export async function readTables(client: pg.Client): Promise<CatalogueTable[]> {
  const { rows: tables } = await client.query<{ oid: string; schema: string; name: string; bytes: string }>(TABLES);
  const { rows: columns } = await client.query<{ oid: string; limit: number | null } & Omit<MaskedColumn, "limit">>(
    COLUMNS,
  );
  const ofTable = Map.groupBy(columns, ({ oid }) => oid);
  return tables.map(({ oid, schema, name, bytes }) => ({
    schema,
    name,
    bytes: Number(bytes),
    columns: (ofTable.get(oid) ?? []).map((column) => ({
      schema,
      table: name,
      name: column.name,
      type: column.type,
      baseType: column.baseType,
      limit: column.limit ?? undefined,
      nullable: column.nullable,
      generated: column.generated,
      unique: column.unique,
    })),
  }));
}

/** The columns that foreign keys join, each pair as `schema.table.column`, the referring one first. */
export async function readJoins(client: pg.Client): Promise<JoinedColumns[]> {
  const { rows } = await client.query<{ one: string; other: string }>(`
    SELECT n.nspname || '.' || c.relname || '.' || a.attname AS one,
           fn.nspname || '.' || f.relname || '.' || fa.attname AS other
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, foreign_)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = pair.own
    JOIN pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = pair.foreign_
    WHERE k.contype = 'f' AND c.relkind = 'r' AND f.relkind = 'r'`);
  return rows.map(({ one, other }) => [one, other]);
}

/** The sequences of a database, where they stand now: sequences are not part of a transaction. */
export async function readSequences(client: pg.Client): Promise<SequenceState[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'S' AND ${OWN("c")} ORDER BY n.nspname, c.relname`,
  );
  const states: SequenceState[] = [];
  for (const { schema, name } of rows) {
    const state = await client.query<{ last_value: string; is_called: boolean }>(
      `SELECT last_value, is_called FROM ${qualified(client, schema, name)}`,
    );
    const [row] = state.rows;
    if (row !== undefined) states.push({ schema, name, lastValue: row.last_value, isCalled: row.is_called });
  }
  return states;
}

/** Migrations that Django has recorded: `app.name`, in order; none where it has no table. */
export async function readMigrations(client: pg.Client): Promise<string[]> {
  const { rows: found } = await client.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = 'django_migrations' AND c.relkind = 'r' AND ${OWN("c")} ORDER BY n.nspname <> 'public'`,
  );
  const [first] = found;
  if (first === undefined) return [];
  const { rows } = await client.query<{ migration: string }>(
    `SELECT app || '.' || name AS migration FROM ${qualified(client, first.schema, "django_migrations")} ORDER BY id`,
  );
  return rows.map(({ migration }) => migration);
}

/** Extensions of a database but for the one that every database has. */
export async function readExtensions(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname",
  );
  return rows.map(({ name }) => name);
}

/** `"schema"."name"`. */
export function qualified(client: pg.Client, schema: string, name: string): string {
  return `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
}

/** Condition of a query over `n` (namespace) and the given alias: what a snapshot takes in. */
export const ownObjects = OWN;
