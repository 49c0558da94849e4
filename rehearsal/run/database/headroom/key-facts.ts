import type pg from "pg";
import { ownObjects, qualified } from "../../../snapshot/catalogue.ts";
import type { NumberedKey } from "./keys.ts";

type Attempt = <T>(
  work: () => Promise<T>,
) => Promise<{ readonly value: T } | { readonly code: string; readonly message: string }>;

interface ColumnRow {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** Highest value of the type. */
  readonly limit: string;
  readonly rows: number;
  /** OID of the sequence that its default takes from. */
  readonly sequence: string | null;
  readonly indexed: boolean;
  /** Whether it is or refers to a key. */
  readonly key: boolean;
}

interface SequenceRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly start: string;
  readonly min: string;
  readonly max: string;
  readonly step: string;
  readonly cycles: boolean;
}

/**
 * Integer columns that number rows: those with a sequence, keys, and what refers to keys. A domain counts as the type
 * below it. Columns of partitions are those of the table above them.
 */
const COLUMNS = `
  SELECT n.nspname AS schema, c.relname AS table, a.attname AS column, format_type(b.oid, NULL) AS type,
    CASE b.oid WHEN 'int2'::regtype THEN '32767' WHEN 'int4'::regtype THEN '2147483647' ELSE '9223372036854775807' END AS limit,
    CASE WHEN c.relkind = 'p' THEN coalesce((SELECT sum(greatest(p.reltuples, 0)) FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid), 0)
         ELSE c.reltuples END::float8 AS rows,
    (SELECT d.oid::text FROM pg_depend x JOIN pg_class d ON d.oid = x.refobjid AND d.relkind = 'S'
     WHERE x.classid = 'pg_attrdef'::regclass AND x.refclassid = 'pg_class'::regclass
       AND x.objid = (SELECT f.oid FROM pg_attrdef f WHERE f.adrelid = c.oid AND f.adnum = a.attnum)
     UNION ALL
     SELECT d.oid::text FROM pg_depend x JOIN pg_class d ON d.oid = x.objid AND d.relkind = 'S'
     WHERE x.classid = 'pg_class'::regclass AND x.refclassid = 'pg_class'::regclass AND x.refobjid = c.oid
       AND x.refobjsubid = a.attnum AND x.deptype = 'i' LIMIT 1) AS sequence,
    EXISTS (SELECT 1 FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
            WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid AND am.amname = 'btree') AS indexed,
    EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'f') AND a.attnum = ANY (k.conkey)) AS key
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
    AND b.oid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AND ${ownObjects("c")}
    AND has_table_privilege(c.oid, 'SELECT')
  ORDER BY 1, 2, a.attnum`;

const SEQUENCES = `
  SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, s.seqstart::text AS start, s.seqmin::text AS min,
    s.seqmax::text AS max, s.seqincrement::text AS step, s.seqcycle AS cycles
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${ownObjects("c")} AND has_sequence_privilege(s.seqrelid, 'SELECT')`;

/**
 * Rows a day over the last tenth of a table, from the histogram of a column of times whose order in the table is that of
 * its rows: `created`, and not a date of birth. Only what was sampled is read.
 */
const PACE = `
  SELECT schemaname || '.' || tablename AS table, max(pace) AS pace FROM (
    SELECT s.schemaname, s.tablename, 0.1 * c.reltuples / nullif(extract(epoch FROM
        bounds[array_upper(bounds, 1)] - bounds[greatest(1, ceil(array_upper(bounds, 1) * 0.9)::int)]) / 86400, 0) AS pace
    FROM pg_stats s JOIN pg_namespace n ON n.nspname = s.schemaname
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.tablename AND c.reltuples > 1000
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = s.attname
    CROSS JOIN LATERAL (SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype
      THEN s.histogram_bounds::text::timestamptz[] END AS bounds) h
    WHERE a.atttypid = 'timestamptz'::regtype AND s.correlation > 0.9 AND s.histogram_bounds IS NOT NULL AND ${ownObjects("c")}
      AND bounds[array_upper(bounds, 1)] BETWEEN now() - interval '90 days' AND now() + interval '1 day'
  ) paces GROUP BY 1`;

/** Columns that refer to a key of a wider type: they are full first. */
const NARROWER = `
  SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name, format_type(a.atttypid, NULL) AS type,
    CASE a.atttypid WHEN 'int2'::regtype THEN 32767 ELSE 2147483647 END AS limit,
    fn.nspname || '.' || f.relname || '.' || fa.attname AS referred
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
  JOIN pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = k.confkey[1]
  WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND NOT c.relispartition AND a.attlen < fa.attlen
    AND a.atttypid IN ('int2'::regtype, 'int4'::regtype) AND ${ownObjects("c")}`;

/** Reads the keys of a database; the highest value of a column only where an index gives it at once. */
export async function readKeys(client: pg.Client, attempt: Attempt): Promise<NumberedKey[]> {
  const { rows: columns } = await client.query<ColumnRow>(COLUMNS);
  const { rows: sequences } = await client.query<SequenceRow>(SEQUENCES);
  const pace = await attempt(() => client.query<{ table: string; pace: number }>(PACE));
  const paces = new Map("value" in pace ? pace.value.rows.map((row) => [row.table, row.pace] as const) : []);
  const ofColumns = new Set(columns.map(({ sequence }) => sequence));
  const bySequence = new Map(sequences.map((sequence) => [sequence.oid, sequence]));
  const keys: NumberedKey[] = [];
  for (const column of columns) {
    const sequence = bySequence.get(column.sequence ?? "");
    if (sequence === undefined && !(column.key && column.indexed)) continue;
    keys.push(await readKey(client, attempt, column, sequence, paces));
  }
  const narrower = await client.query<{ name: string; type: string; limit: number; referred: string }>(NARROWER);
  for (const { name, type, limit, referred } of narrower.rows) {
    const key = keys.find((one) => one.name === referred);
    // Its values are those of the key that it refers to.
    if (key !== undefined && key.step > 0)
      keys.push({ ...key, name, type, limit: Math.min(key.limit, limit), top: undefined });
  }
  for (const sequence of sequences) {
    if (ofColumns.has(sequence.oid)) continue;
    const { next, untouched } = await position(client, sequence);
    const step = Number(sequence.step);
    keys.push({
      name: `sequence ${sequence.schema}.${sequence.name}`,
      type: "bigint",
      limit: Number(step > 0 ? sequence.max : sequence.min),
      start: Number(step > 0 ? sequence.min : sequence.max),
      next,
      step,
      cycles: sequence.cycles,
      untouched,
      top: undefined,
      rows: -1,
      rowsPerDay: undefined,
    });
  }
  return keys;
}

async function readKey(
  client: pg.Client,
  attempt: Attempt,
  column: ColumnRow,
  sequence: SequenceRow | undefined,
  paces: ReadonlyMap<string, number>,
): Promise<NumberedKey> {
  const step = Number(sequence?.step ?? 1);
  const ofType = Number(column.limit);
  const limits = [
    step > 0 ? ofType : -ofType - 1,
    ...(sequence === undefined ? [] : [Number(step > 0 ? sequence.max : sequence.min)]),
  ];
  const place = sequence === undefined ? undefined : await position(client, sequence);
  const top = column.indexed ? await topOf(client, attempt, column, step) : undefined;
  return {
    name: `${column.schema}.${column.table}.${column.column}`,
    type: column.type,
    limit: step > 0 ? Math.min(...limits) : Math.max(...limits),
    start: sequence === undefined ? 0 : Number(step > 0 ? sequence.min : sequence.max),
    next: place?.next,
    step,
    cycles: sequence?.cycles ?? false,
    untouched: place?.untouched ?? false,
    top,
    rows: column.rows,
    rowsPerDay: sequence === undefined ? undefined : paces.get(`${column.schema}.${column.table}`),
  };
}

async function position(
  client: pg.Client,
  { schema, name, step }: SequenceRow,
): Promise<{ next: number; untouched: boolean }> {
  const { rows } = await client.query<{ last_value: string; is_called: boolean }>(
    `SELECT last_value, is_called FROM ${qualified(client, schema, name)}`,
  );
  const [row] = rows;
  const last = Number(row?.last_value ?? 0);
  const called = row?.is_called === true;
  return { next: called ? last + Number(step) : last, untouched: !called };
}

async function topOf(
  client: pg.Client,
  attempt: Attempt,
  { schema, table, column }: ColumnRow,
  step: number,
): Promise<number | undefined> {
  const answer = await attempt(() =>
    client.query<{ top: string | null }>(
      `SELECT ${step > 0 ? "max" : "min"}(${client.escapeIdentifier(column)})::text AS top FROM ${qualified(client, schema, table)}`,
    ),
  );
  const top = "value" in answer ? answer.value.rows[0]?.top : undefined;
  return top === undefined || top === null ? undefined : Number(top);
}
