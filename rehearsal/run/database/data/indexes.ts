import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { ownObjects } from "../../../snapshot/catalogue.ts";
import { attempt, brokenFinding, isBroken, notLookedAt } from "../look.ts";

interface IndexRow {
  readonly oid: string;
  readonly name: string;
  readonly table: string;
  readonly bytes: number;
  readonly unique: boolean;
  /** The quoted table and first column, where that is a text with a collation; null where another thing is sorted. */
  readonly text: { readonly table: string; readonly column: string } | null;
}

/** Time for all indexes together; texts come first: only their order follows a library's. */
const BUDGET_MILLISECONDS = 5000;
/** So much is compared with its table as well, which reads both. */
const WHOLE_BYTES = 16 * 1024 ** 2;

const INVALID = `
  SELECT n.nspname || '.' || c.relname AS name, t.relname AS table, i.indisunique AS unique,
    CASE WHEN c.relkind = 'I' THEN 'parts' WHEN NOT i.indisready THEN 'unready' ELSE 'invalid' END AS state
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND ${ownObjects("c")}
    AND NOT EXISTS (SELECT 1 FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
  ORDER BY 1`;

const TREES = `
  SELECT c.oid::text AS oid, n.nspname || '.' || c.relname AS name, tn.nspname || '.' || t.relname AS table,
    pg_relation_size(c.oid)::float8 AS bytes, i.indisunique AS unique,
    CASE WHEN i.indcollation[0] <> 0 AND i.indkey[0] > 0 AND i.indpred IS NULL AND i.indoption[0] = 0 AND o.opcdefault
      THEN json_build_object('table', format('%I.%I', tn.nspname, t.relname), 'column', format('%I', a.attname)) END AS text
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_am m ON m.oid = c.relam JOIN pg_opclass o ON o.oid = i.indclass[0]
  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0]
  WHERE m.amname = 'btree' AND c.relkind = 'i' AND i.indisvalid AND i.indisready AND ${ownObjects("c")}
  ORDER BY NOT EXISTS (SELECT 1 FROM unnest(i.indcollation::oid[]) x WHERE x <> 0), pg_relation_size(c.oid)`;

/** Indexes that queries do not use since their building failed half-way. */
export async function invalidIndexes(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; table: string; unique: boolean; state: string }>(INVALID);
  return rows.map(({ name, table, unique, state }) => ({
    id: "database.index-invalid",
    severity: "blocking",
    subject: `index ${name}`,
    cause:
      state === "parts"
        ? "not every partition has its part of it"
        : `it is ${state === "unready" ? "half built" : "invalid"}: CREATE INDEX CONCURRENTLY, or REINDEX, failed on it`,
    consequence: consequenceOf(table, unique, state),
    remedy: "Mend what it failed on (duplicates, a lock), then DROP INDEX CONCURRENTLY and create it again.",
  }));
}

/** Once it is ready, an index refuses duplicates, although queries do not rely on it (PostgreSQL, CREATE INDEX). */
function consequenceOf(table: string, unique: boolean, state: string): string {
  if (!unique) return "No query uses it, and every write pays for it.";
  return state === "invalid"
    ? `No query uses it, and yet each write to ${table} fails that would make a duplicate.`
    : `No query uses it, and it does not keep duplicates out of ${table}; every write pays for it.`;
}

/**
 * Indexes whose entries are not in order, or that lack rows. PostgreSQL's amcheck looks; where it cannot be had, the first
 * column of indexes on texts is read in their order and compared with what the library says.
 *
 * @param client in a transaction that is rolled back, in which the extension may be made
 */
export async function brokenIndexes(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<IndexRow>(TREES);
  const check = await amcheck(client);
  const findings: Finding[] = [];
  const deadline = Date.now() + BUDGET_MILLISECONDS;
  const unseen: string[] = [];
  for (const index of rows) {
    const left = deadline - Date.now();
    if (left <= 0) {
      unseen.push(index.name);
      continue;
    }
    await client.query(`SET LOCAL statement_timeout = ${Math.ceil(left)}`);
    const said = await attempt(client, () => (check === undefined ? compareOrder(client, index) : check(index)));
    if ("value" in said) {
      if (said.value) findings.push(unordered(index));
    } else if (isBroken(said.code)) {
      findings.push(brokenFinding(`index ${index.name}`, said.message));
    } else if (said.code !== "42501") unseen.push(`${index.name}: ${said.message}`);
  }
  if (unseen.length > 0) {
    findings.push({
      ...notLookedAt(`entries of ${unseen.length} indexes`, "they are too large for a look of seconds"),
      remedy: "Look in a quiet moment: pg_amcheck --heapallindexed DATABASE",
      evidence: unseen.slice(0, 12),
    });
  }
  return findings;
}

async function amcheck(client: pg.Client): Promise<((index: IndexRow) => Promise<boolean>) | undefined> {
  const made = await attempt(client, () => client.query("CREATE EXTENSION IF NOT EXISTS amcheck"));
  if (!("value" in made)) return undefined;
  const { rows } = await client.query<{ schema: string; unique: boolean; allowed: boolean }>(
    `SELECT quote_ident(n.nspname) AS schema, bool_or(p.pronargs = 3) AS unique, bool_and(has_function_privilege(p.oid, 'EXECUTE')) AS allowed
     FROM pg_extension e JOIN pg_proc p ON p.proname = 'bt_index_check' AND p.pronamespace = e.extnamespace
     JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck' GROUP BY 1`,
  );
  const [found] = rows;
  if (found?.allowed !== true) return undefined;
  return async ({ oid, bytes, unique }) => {
    const whole = bytes <= WHOLE_BYTES;
    const more = found.unique ? `, ${String(unique && whole)}` : "";
    await client.query(`SELECT ${found.schema}.bt_index_check($1::oid::regclass, ${String(whole)}${more})`, [oid]);
    return false;
  };
}

/** Whether two neighbours of an index are in an order that the library would not give them. */
async function compareOrder(client: pg.Client, { text, oid }: IndexRow): Promise<boolean> {
  if (text === null) return false;
  await client.query("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off");
  const query = `SELECT 1 FROM (SELECT ${text.column} AS own, lag(${text.column}) OVER (ORDER BY ${text.column}) AS before FROM ${text.table}) pairs WHERE before > own LIMIT 1`;
  const { rows: plan } = await client.query<{ "QUERY PLAN": string }>(`EXPLAIN ${query}`);
  const { rows: name } = await client.query<{ name: string }>("SELECT relname AS name FROM pg_class WHERE oid = $1", [
    oid,
  ]);
  // A plan that sorts, or reads another index, would tell nothing of this one.
  const lines = plan.map((line) => line["QUERY PLAN"]);
  const sorts = lines.some((line) => /(?:^|-> {2})(?:Incremental )?Sort /.test(line.trim()));
  if (sorts || !lines.some((line) => line.includes(` using ${name[0]?.name ?? ""} `))) return false;
  return (await client.query(query)).rowCount !== 0;
}

function unordered({ name, table }: IndexRow): Finding {
  return {
    id: "database.corrupt",
    severity: "blocking",
    subject: `index ${name}`,
    cause:
      "its entries are not in the order that the server's library gives them: the library is another than when it was built",
    consequence: `Searches in ${table} miss rows that are there, and unique columns take duplicates.`,
    remedy: "REINDEX INDEX CONCURRENTLY, after looking for duplicates; then look at all other indexes on texts.",
  };
}
