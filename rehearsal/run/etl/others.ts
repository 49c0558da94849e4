import type pg from "pg";

interface Column {
  readonly name: string;
  readonly type: string;
  /** Whether it ties rows together or is given out by the database. */
  readonly tied: boolean;
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  /** Columns of a unique index beside the primary key, in their order; null where there is none. */
  readonly known: readonly string[] | null;
}

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name,
         json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL),
                  'tied', a.attgenerated <> '' OR a.attidentity <> '' OR EXISTS (
                    SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'f') AND a.attnum = ANY (k.conkey)))
                  ORDER BY a.attnum) AS columns,
         (SELECT array_agg(k.attname ORDER BY k.place) FROM (
            SELECT i.indexrelid FROM pg_index i
            WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL
            ORDER BY i.indexrelid LIMIT 1) first
          JOIN pg_index i ON i.indexrelid = first.indexrelid
          JOIN LATERAL (SELECT b.attname, u.place FROM unnest(i.indkey::int2[]) WITH ORDINALITY u (number, place)
                        JOIN pg_attribute b ON b.attrelid = c.oid AND b.attnum = u.number) k ON true)::text[] AS known
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END = ANY ($1)
  GROUP BY n.nspname, c.relname, c.oid
  ORDER BY 1, 2`;

/** What is nothing in a column, and what somebody puts there; the types as PostgreSQL names them. */
const VALUES: readonly (readonly [type: RegExp, nothing: string, something: string])[] = [
  [/^(?:text|character varying)$/, "''", "'kept'"],
  [/^boolean$/, "false", "true"],
  [/^(?:smallint|integer|bigint|numeric|real|double precision)$/, "0", "1"],
  [/^(?:date|timestamp)/, "NULL", "'2001-01-01'"],
];
/** How a value becomes one that is not in the input; the first kind that an index has is taken. */
const ELSEWHERE: readonly (readonly [type: RegExp, expression: (column: string) => string])[] = [
  [/^(?:text|character varying)$/, (column) => `${column} || '~'`],
  [/^date$/, (column) => `${column} + 10000`],
  [/^timestamp/, (column) => `${column} + interval '10000 days'`],
  [/^(?:integer|bigint)$/, (column) => `${column} + 1000000`],
];

/**
 * What the rest of a system does to tables that a worker fills, as statements: columns that the worker leaves empty are
 * filled in by others, and there are rows that its input does not have. A worker that keeps to its own leaves both alone.
 *
 * @param client of a database in which the worker has been at work
 * @param tables that it has filled: `name` in schema public, else `schema.name`
 */
export async function statementsOfOthers(client: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<Table>(TABLES, [tables]);
  const statements: string[] = [];
  for (const table of rows) {
    const name = `${client.escapeIdentifier(table.schema)}.${client.escapeIdentifier(table.name)}`;
    for (const column of table.columns) {
      const [, nothing, something] = VALUES.find(([type]) => type.test(column.type)) ?? [];
      if (column.tied || nothing === undefined || something === undefined) continue;
      const at = client.escapeIdentifier(column.name);
      const { rows: filled } = await client.query(
        `SELECT FROM ${name} WHERE ${at} IS DISTINCT FROM ${nothing} AND ${at} IS NOT NULL LIMIT 1`,
      );
      if (filled.length === 0) statements.push(`UPDATE ${name} SET ${at} = ${something}`);
    }
    const moved = movedRow(client, name, table);
    if (moved !== undefined) statements.push(moved);
  }
  return statements;
}

/** Has a database say what others would; what its constraints refuse nobody stores. */
export async function storeAsOthers(client: pg.Client, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await client.query(statement).catch(() => undefined);
}

/** Makes the first row, by what rows are known by, one that the input does not have. */
function movedRow(client: pg.Client, name: string, { columns, known }: Table): string | undefined {
  const own = columns.filter((column) => known?.includes(column.name) === true && !column.tied);
  for (const [type, expression] of ELSEWHERE) {
    const column = own.find((one) => type.test(one.type));
    if (column === undefined) continue;
    const at = client.escapeIdentifier(column.name);
    const order = (known ?? []).map((one) => client.escapeIdentifier(one)).join(", ");
    return `UPDATE ${name} SET ${at} = ${expression(at)} WHERE ctid = (SELECT ctid FROM ${name} ORDER BY ${order} LIMIT 1)`;
  }
  return undefined;
}
