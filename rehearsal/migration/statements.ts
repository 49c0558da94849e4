import pg from "pg";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import type { CodeOperation } from "./outgoing-code.ts";

/** Database of a snapshot that holds what production's code asks its own. */
const STATISTICS = "statistics";
const MOST = 200;
const PAUSE_MILLISECONDS = 50;

/** One statement of production's code, its constants replaced by parameters. */
export interface KnownStatement {
  readonly name: string;
  readonly query: string;
}

/**
 * The statements that production's code spends its time on, from the statistics that the snapshot brings; none where
 * its source kept none. What does not name one of the tables is the server's own housekeeping.
 */
export async function knownStatements(
  administrator: PostgresAddress,
  tables: readonly string[],
): Promise<KnownStatement[]> {
  const names = tables.map((table) => table.split(".").at(-1) ?? table);
  return withConnection({ ...administrator, database: "postgres" }, async (client) => {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [STATISTICS]);
    if (rowCount === 0) return [];
    return withConnection({ ...administrator, database: STATISTICS }, async (statistics) => {
      const { rows } = await statistics.query<{ query: string }>(
        `SELECT query FROM statements ORDER BY calls * mean_ms DESC, query LIMIT ${MOST}`,
      );
      const own = rows.filter(({ query }) => names.some((name) => mentions(query, name)));
      return own.map(({ query }) => ({ name: `statement ${firstWords(query)}`, query }));
    });
  });
}

/**
 * Plans each statement once, as the application: that takes the same locks on tables as running it, and fails where a
 * table or column is no longer there. Nothing runs, so no parameter is needed.
 */
export async function planStatements(
  address: PostgresAddress,
  statements: readonly KnownStatement[],
): Promise<CodeOperation[]> {
  return withConnection(address, async (client) => {
    const operations: CodeOperation[] = [];
    for (const statement of statements) operations.push(await planOne(client, statement));
    return operations;
  });
}

/** Plans statements in turn until `stop` is called, which gives what was done. */
export function keepPlanning(
  address: PostgresAddress,
  statements: readonly KnownStatement[],
): { stop: () => Promise<CodeOperation[]> } {
  const stopping = new AbortController();
  const work = withConnection(address, async (client) => {
    const operations: CodeOperation[] = [];
    for (let turn = 0; !stopping.signal.aborted; turn++) {
      const statement = statements[turn % statements.length];
      if (statement === undefined) break;
      operations.push(await planOne(client, statement));
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
    return operations;
  });
  work.catch(() => undefined);
  return {
    stop: () => {
      stopping.abort();
      return work;
    },
  };
}

async function planOne(client: pg.Client, { name, query }: KnownStatement): Promise<CodeOperation> {
  const at = Date.now() / 1000;
  let error: string | null = null;
  try {
    // A savepoint less: each statement is a transaction of its own. Only the planner sees it.
    await client.query(`EXPLAIN (GENERIC_PLAN) ${query}`);
  } catch (caught) {
    if (!(caught instanceof pg.DatabaseError)) throw caught;
    error = caught.message;
  }
  return { operation: name, at, seconds: Date.now() / 1000 - at, error };
}

/** Whether a text names a thing: as a word of its own, since one name may begin another. */
export function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<!\\w)${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?!\\w)`).test(text);
}

function firstWords(query: string): string {
  const flat = query.replace(/\s+/g, " ").trim();
  return flat.length <= 70 ? flat : `${flat.slice(0, 67)}...`;
}
