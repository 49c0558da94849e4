import type pg from "pg";
import { attempt } from "../look.ts";
import type { MainQuery } from "./main-queries.ts";

/** How a query reads its tables where the planner may choose no scan of a whole table and no sorting. */
export interface QueryPlan {
  readonly name: string;
  /** By table: `index` where an index leads to the rows, `scan` where all of them are read. */
  readonly reads: Readonly<Record<string, "index" | "scan">>;
  /** Whether rows must be sorted. */
  readonly sorts: boolean;
  /** Why it cannot be planned; undefined where it can. */
  readonly error?: string;
}

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Schema?: string;
  readonly "Index Cond"?: string;
  readonly "Recheck Cond"?: string;
  readonly "TID Cond"?: string;
  readonly Plans?: readonly PlanNode[];
}

/** What an index is needed for shows on a table of any size, once reading the whole of it is priced out. */
const PRICED_OUT =
  "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; " +
  "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";
const GENERIC_PLAN_VERSION = 160_000;

/** Plans queries without running them, in a transaction. */
export async function planQueries(client: pg.Client, queries: readonly MainQuery[]): Promise<QueryPlan[]> {
  await client.query(PRICED_OUT);
  const { rows } = await client.query<{ number: number }>(
    "SELECT current_setting('server_version_num')::int AS number",
  );
  const generic = (rows[0]?.number ?? 0) >= GENERIC_PLAN_VERSION;
  const plans: QueryPlan[] = [];
  for (const { name, sql } of queries) {
    const answer = await attempt(client, () => (generic ? explain(client, sql) : explainPrepared(client, sql)));
    plans.push(
      "value" in answer ? readPlan(name, answer.value) : { name, reads: {}, sorts: false, error: answer.message },
    );
  }
  return plans;
}

async function explain(client: pg.Client, sql: string): Promise<PlanNode> {
  const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
    `EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) ${sql}`,
  );
  return planOf(rows);
}

/** Servers before PostgreSQL 16 give a plan without values only of a prepared statement. */
async function explainPrepared(client: pg.Client, sql: string): Promise<PlanNode> {
  const most = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  await client.query("SET LOCAL plan_cache_mode = force_generic_plan");
  await client.query(`PREPARE rehearsed_query AS ${sql}`);
  try {
    const nulls = most === 0 ? "" : `(${Array.from({ length: most }, () => "NULL").join(", ")})`;
    const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
      `EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE rehearsed_query${nulls}`,
    );
    return planOf(rows);
  } finally {
    await client.query("DEALLOCATE rehearsed_query").catch(() => undefined);
  }
}

function planOf(rows: readonly { "QUERY PLAN": [{ Plan: PlanNode }] }[]): PlanNode {
  const [row] = rows;
  if (row === undefined) throw new Error("EXPLAIN must give a plan; the server gave none");
  return row["QUERY PLAN"][0].Plan;
}

/** What of a plan another plan is compared with. */
function readPlan(name: string, plan: PlanNode): QueryPlan {
  const reads: Record<string, "index" | "scan"> = {};
  let sorts = false;
  const visit = (node: PlanNode): void => {
    const type = node["Node Type"];
    if (type === "Sort" || type === "Incremental Sort") sorts = true;
    const table = node["Relation Name"];
    if (table !== undefined && type.includes("Scan")) {
      const key = `${node.Schema ?? "public"}.${table}`;
      const led =
        node["Index Cond"] !== undefined || node["Recheck Cond"] !== undefined || node["TID Cond"] !== undefined;
      // One way to read it all is enough.
      if (reads[key] !== "scan") reads[key] = led ? "index" : "scan";
    }
    for (const below of node.Plans ?? []) visit(below);
  };
  visit(plan);
  return { name, reads, sorts };
}
