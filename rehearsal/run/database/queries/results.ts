import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { attempt } from "../look.ts";
import type { MainQuery } from "./main-queries.ts";
import type { QueryPlan } from "./plans.ts";

/** Hashes of a query's rows and of the tables that they come from. */
export interface QueryResult {
  readonly data: string;
  readonly result: string;
}

/** Larger tables are not read for a hash. */
const MOST_ROWS = 300_000;
/** What another moment answers otherwise. */
const CHANGING =
  /\b(now|random|gen_random_uuid|clock_timestamp|statement_timestamp|transaction_timestamp|current_(date|time|timestamp)|localtime|localtimestamp)\b/i;

/** Runs the project's own queries that take no parameter; rows count, their order does not. */
export async function queryResults(
  client: pg.Client,
  queries: readonly MainQuery[],
  plans: readonly QueryPlan[],
  rows: ReadonlyMap<string, number>,
): Promise<Record<string, QueryResult>> {
  await client.query("SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 0");
  const results: Record<string, QueryResult> = {};
  for (const { name, sql, own } of queries) {
    const tables = Object.keys(plans.find((plan) => plan.name === name)?.reads ?? {});
    const readable = tables.length > 0 && tables.every((table) => (rows.get(table) ?? Infinity) <= MOST_ROWS);
    if (!own || !readable || /\$\d/.test(sql) || CHANGING.test(sql)) continue;
    const answer = await attempt(client, async () => {
      const hashes: string[] = [];
      for (const table of tables) {
        const [schema = "", relation = ""] = table.split(".");
        hashes.push(
          await hashOf(client, `SELECT * FROM ${client.escapeIdentifier(schema)}.${client.escapeIdentifier(relation)}`),
        );
      }
      return { data: hashes.join(" "), result: await hashOf(client, sql) };
    });
    if ("value" in answer) results[name] = answer.value;
  }
  return results;
}

/** Queries that answer otherwise although what they read is the same. */
export function resultFindings(
  now: Readonly<Record<string, QueryResult>>,
  was: Readonly<Record<string, QueryResult>>,
  before: string,
): Finding[] {
  return Object.entries(now).flatMap(([name, { data, result }]) => {
    const earlier = was[name];
    if (earlier?.data !== data || earlier.result === result) return [];
    return [
      {
        id: "database.result-changed",
        severity: "blocking",
        subject: `query ${name}`,
        cause: `its rows are others than in ${before}, and the tables that it reads hold the same`,
        consequence: "A report says something else than it did, and nobody changed a figure.",
        remedy: "Look at the views and functions that it uses; where the change is meant, change the query's name too.",
      },
    ];
  });
}

async function hashOf(client: pg.Client, sql: string): Promise<string> {
  const { rows } = await client.query<{ hash: string }>(
    `SELECT count(*) || ':' || coalesce(sum(hashtextextended(rehearsed::text, 0)), 0) AS hash FROM (${sql}) rehearsed`,
  );
  return rows[0]?.hash ?? "";
}
