import type pg from "pg";

/** What stands in the tables of a database, without its order. */
export type Contents = ReadonlyMap<string, TableContents>;

/** What stands in one table. */
export interface TableContents {
  readonly rows: number;
  readonly columns: Readonly<Record<string, ColumnContents>>;
}

/** What stands in one column. */
export interface ColumnContents {
  /** As PostgreSQL writes it. */
  readonly type: string;
  /** Of all values. */
  readonly digest: string;
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name,
         json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                  ORDER BY a.attnum) AS columns
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_%'
  GROUP BY n.nspname, c.relname
  ORDER BY 1, 2`;
/** The clocks of the engine's containers are one; a moment that is stored may be rounded. */
const EARLIER = "1 minute";
const VALUES = 5_000;

/**
 * Reads all tables of a database.
 *
 * @param since moments after it are those of the run itself, and count as one
 */
export async function readContents(client: pg.Client, since: Date): Promise<Contents> {
  const { rows: tables } = await client.query<Table>(TABLES);
  const contents = new Map<string, TableContents>();
  for (const table of tables) {
    const digests = table.columns.map(
      (column, at) =>
        `coalesce(sum(hashtextextended(coalesce(${asText(client, column)}, '\\N'), 0)::numeric), 0)::text AS c${at}`,
    );
    const statement = `SELECT count(*)::text AS rows, ${digests.join(", ")} FROM ${nameIn(client, table)}`;
    const { rows } = await client.query<Record<string, string>>(bound(client, statement, since));
    const [row = {}] = rows;
    contents.set(table.schema === "public" ? table.name : `${table.schema}.${table.name}`, {
      rows: Number(row["rows"]),
      columns: Object.fromEntries(
        table.columns.map(({ name, type }, at) => [name, { type, digest: row[`c${at}`] ?? "" }]),
      ),
    });
  }
  return contents;
}

/** How often each value stands in a column, the most frequent first; as far as one looks. */
export async function valuesOf(client: pg.Client, table: string, column: string): Promise<ReadonlyMap<string, number>> {
  const name = table
    .split(".")
    .map((part) => client.escapeIdentifier(part))
    .join(".");
  const { rows } = await client.query<{ value: string | null; times: string }>(
    `SELECT ${client.escapeIdentifier(column)}::text AS value, count(*) AS times FROM ${name}
     GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${VALUES}`,
  );
  return new Map(rows.map(({ value, times }) => [value ?? "NULL", Number(times)]));
}

function asText(client: pg.Client, { name, type }: Table["columns"][number]): string {
  const column = client.escapeIdentifier(name);
  return type.startsWith("timestamp")
    ? `CASE WHEN ${column} BETWEEN :since AND now() + interval '${EARLIER}' THEN 'now' ELSE ${column}::text END`
    : `${column}::text`;
}

function bound(client: pg.Client, statement: string, since: Date): string {
  return statement.replaceAll(
    ":since",
    `${client.escapeLiteral(since.toISOString())}::timestamptz - interval '${EARLIER}'`,
  );
}

function nameIn(client: pg.Client, { schema, name }: Table): string {
  return `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
}
