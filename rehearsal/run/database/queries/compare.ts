import type { Finding } from "../../../finding.ts";
import { count, shortened } from "../../../report/format.ts";
import type { MainQuery } from "./main-queries.ts";
import type { QueryPlan } from "./plans.ts";

/** An index as it can be told from others: by what it is over, not by its name. */
export interface KnownIndex {
  /** `schema.table`. */
  readonly table: string;
  readonly name: string;
  /** From `USING` on, with what precedes it of UNIQUE. */
  readonly definition: string;
}

/** What the planner could do with a database of a release. */
export interface Planned {
  readonly plans: readonly QueryPlan[];
  /** Null where they could not be read. */
  readonly indexes: readonly KnownIndex[] | null;
}

/** Above so many rows a scan of all of them is what somebody waits for. */
const LARGE = 1000;
const QUOTED = 8;

/**
 * Queries that an index led to their rows in the release before and leads no more, and indexes that are gone with it.
 *
 * @param rows by `schema.table`, the most that are known of
 * @param before in words, such as `release 1f2e`
 */
export function planFindings(
  now: Planned,
  was: Planned,
  queries: readonly MainQuery[],
  rows: ReadonlyMap<string, number>,
  before: string,
): Finding[] {
  const gone = now.indexes === null || was.indexes === null ? [] : lostIndexes(now.indexes, was.indexes, rows);
  const changes = now.plans.flatMap((plan) => {
    const earlier = was.plans.find(({ name }) => name === plan.name);
    // The server's own tables are not the project's.
    return earlier === undefined ? [] : lostReads(plan, earlier).filter(({ table }) => rows.has(table));
  });
  const tables = Map.groupBy(changes, ({ table }) => table);
  const found = [...tables].map(([table, lost]): Finding => {
    const many = rows.get(table) ?? 0;
    const indexes = gone.filter((index) => index.table === table);
    return {
      id: "database.plan",
      severity: many >= LARGE ? "blocking" : "warning",
      subject: table,
      cause:
        `${lost.length} of the main queries found their rows by an index in ${before} and now read or sort all of ${table} ` +
        `(${count(many)} rows)` +
        (indexes.length > 0 ? `; gone is ${indexes.map(({ name }) => name).join(", ")}` : ""),
      consequence: "They get slower as the data grows, and workers starve behind them.",
      remedy: "Put the index back, in a migration (AddIndexConcurrently), or give the query another that it can use.",
      evidence: lost
        .slice(0, QUOTED)
        .map(({ name }) => shortened(queries.find((query) => query.name === name)?.sql ?? name, 300)),
    };
  });
  const told = new Set(tables.keys());
  const unexplained = gone.filter(({ table }) => !told.has(table));
  return [
    ...found,
    ...unexplained.map(
      (index): Finding => ({
        id: "database.index-lost",
        severity: "warning",
        subject: index.table,
        cause: `${before} had the index ${index.name} (${index.definition}), and no index does the same now`,
        consequence: "Queries that used it read whole tables: they get slower as the data grows.",
        remedy: "Make sure that nothing needs it: the main queries that are known (database.queries) do not.",
      }),
    ),
    ...brokenQueries(now, was, queries),
  ];
}

/** Indexes that are gone, of tables that are not, and for which no other one begins in the same way. */
export function lostIndexes(
  now: readonly KnownIndex[],
  was: readonly KnownIndex[],
  rows: ReadonlyMap<string, number>,
): KnownIndex[] {
  return was.filter(({ table, definition }) => {
    if (!rows.has(table)) return false;
    const core = definition.replace(/^UNIQUE /, "");
    const beginning = core.endsWith(")") ? core.slice(0, -1) : core;
    return !now.some((index) => {
      const found = index.definition.replace(/^UNIQUE /, "");
      return index.table === table && (found === core || found.startsWith(`${beginning}, `));
    });
  });
}

function lostReads(plan: QueryPlan, earlier: QueryPlan): { name: string; table: string }[] {
  if (plan.error !== undefined || earlier.error !== undefined) return [];
  const scans = ({ reads }: QueryPlan) => Object.values(reads).filter((read) => read === "scan").length;
  // A join that begins at its other end reads as much as before.
  if (scans(plan) > scans(earlier)) {
    return Object.entries(plan.reads)
      .filter(([table, read]) => read === "scan" && earlier.reads[table] === "index")
      .map(([table]) => ({ name: plan.name, table }));
  }
  if (!plan.sorts || earlier.sorts || scans(plan) < Object.keys(plan.reads).length) return [];
  // What came in order before is read whole and sorted now.
  return Object.keys(plan.reads)
    .slice(0, 1)
    .map((table) => ({ name: plan.name, table }));
}

/** Queries that the project names, and that fail. */
function brokenQueries(now: Planned, was: Planned, queries: readonly MainQuery[]): Finding[] {
  return now.plans.flatMap(({ name, error }) => {
    const query = queries.find((one) => one.name === name);
    if (error === undefined || query?.own !== true) return [];
    const worked = was.plans.some((plan) => plan.name === name && plan.error === undefined);
    return [
      {
        id: "database.query-fails",
        severity: "blocking" as const,
        subject: `query ${name}`,
        cause: `the server refuses it${worked ? ", and did not in the release before" : ""}: ${error}`,
        consequence: "Whoever asks it, a page or a report, gets an error.",
        remedy: "Mend what it names, or change the file that database.queries names.",
        evidence: [query.sql],
      },
    ];
  });
}
