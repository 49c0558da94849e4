import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { count } from "../../../report/format.ts";
import { ownObjects } from "../../../snapshot/catalogue.ts";
import { attempt } from "../look.ts";

/** Every value is read: larger tables would keep the disk busy for long. */
const MOST_ROWS = 1_000_000;
/** Columns of fewer values may be empty by chance. */
const FLOOR_VALUES = 50;
/** Of applied migrations: one that is new may have emptied a column on purpose. */
const MIGRATIONS = "public.django_migrations";

const COLUMNS = `
  SELECT n.nspname || '.' || c.relname AS table, format('%I.%I', n.nspname, c.relname) AS quoted, a.attname AS name,
    CASE t.typcategory WHEN 'S' THEN format('nullif(%I, '''')', a.attname) WHEN 'N' THEN format('nullif(%I, 0)', a.attname)
      ELSE format('%I', a.attname) END AS value
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
  WHERE c.relkind = 'r' AND ${ownObjects("c")} AND has_table_privilege(c.oid, 'SELECT') AND c.reltuples < ${MOST_ROWS}
    AND a.attnum > 0 AND NOT a.attisdropped AND (t.typcategory IN ('S', 'N') OR NOT a.attnotnull) AND t.typname NOT IN ('money', 'citext')
  ORDER BY 1, a.attnum`;

/** How many values of each column say something, by `schema.table.column`: neither null nor an empty text nor zero. */
export async function countValues(client: pg.Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ table: string; quoted: string; name: string; value: string }>(COLUMNS);
  const counts: Record<string, number> = {};
  for (const [table, columns] of Map.groupBy(rows, (row) => row.table)) {
    const list = columns.map(({ value }, index) => `count(${value}) AS c${index}`).join(", ");
    const counted = await attempt(client, () =>
      client.query<Record<string, string>>(`SELECT ${list} FROM ONLY ${columns[0]?.quoted ?? ""}`),
    );
    if (!("value" in counted)) continue;
    for (const [index, { name }] of columns.entries()) {
      counts[`${table}.${name}`] = Number(counted.value.rows[0]?.[`c${index}`]);
    }
  }
  return counts;
}

/** What of a database is compared here. */
interface Counted {
  readonly rows: Readonly<Record<string, number>>;
  readonly values: Readonly<Record<string, number>>;
}

/** Columns of which nothing is left, while their rows are there. */
export function emptiedFindings(now: Counted, was: Counted, before: string): Finding[] {
  const migrated = now.rows[MIGRATIONS] !== was.rows[MIGRATIONS];
  return Object.entries(was.values).flatMap(([column, values]): Finding[] => {
    const table = column.slice(0, column.lastIndexOf("."));
    const rows = now.rows[table] ?? 0;
    if (values < FLOOR_VALUES || now.values[column] !== 0 || rows < FLOOR_VALUES) return [];
    return [
      {
        id: "database.column-emptied",
        severity: migrated ? "warning" : "blocking",
        subject: column,
        cause: `none of its ${count(rows)} rows has a value, and ${before} had ${count(values)} values`,
        consequence: "What pages and reports showed of it is gone, and production's is gone once its jobs have run.",
        remedy: migrated
          ? "Where a migration of this release empties it, go on."
          : "Find the job that writes it: a source's column that was renamed is read as empty.",
      },
    ];
  });
}
