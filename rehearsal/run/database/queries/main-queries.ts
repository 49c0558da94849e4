import { createHash } from "node:crypto";
import type pg from "pg";
import type { PostgresAddress } from "../../../../engine/postgres.ts";
import { knownStatements, mentions } from "../../../migration/statements.ts";
import { shortened } from "../../../report/format.ts";
import { readStatements } from "../../../snapshot/statements.ts";
import { attempt } from "../look.ts";

/** A query that the project's speed depends on. */
export interface MainQuery {
  /** Stable from release to release: the setting's, or a hash of the statement. */
  readonly name: string;
  /** Constants may be `$1`, `$2`, …. */
  readonly sql: string;
  /** Whether the project names it itself, so that its result is compared too. */
  readonly own: boolean;
}

const MOST = 100;

/**
 * The queries of a file: each ends with a semicolon at the end of a line; a line `-- name: NAME` before it names it.
 *
 * @throws Error with every fault of the file
 */
export function parseQueries(text: string, file: string): MainQuery[] {
  const queries: MainQuery[] = [];
  const faults: string[] = [];
  for (const part of text.split(/;[ \t]*(?:\r?\n|$)/)) {
    const given = /^\s*--\s*name:\s*(\S.*?)\s*$/m.exec(part)?.[1];
    const sql = part.replaceAll(/^\s*--.*$/gm, "").trim();
    if (sql === "") continue;
    const name = given ?? shortened(sql, 60);
    if (!/^(select|with|values|table)\b/i.test(sql))
      faults.push(`"${shortened(sql, 60)}" must be a query (SELECT or WITH)`);
    if (queries.some((query) => query.name === name))
      faults.push(`the name "${name}" must be given once; it is given twice`);
    queries.push({ name, sql, own: true });
  }
  if (queries.length === 0) faults.push("it must hold at least one query that ends with a semicolon; it holds none");
  if (faults.length > 0) throw new Error(`database.queries, file ${file}:\n  ${faults.join("\n  ")}\nMend the file.`);
  return queries;
}

/**
 * What the server has counted in this database of the given tables, most calls first; the extension is made in the
 * transaction where it can be.
 *
 * @param tables as `schema.table`
 */
export async function countedQueries(client: pg.Client, tables: readonly string[]): Promise<MainQuery[]> {
  await attempt(client, () => client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"));
  const { statements } = await readStatements(client);
  const names = tables.map((table) => table.split(".").at(-1) ?? table);
  const own = statements.filter(({ query }) => names.some((name) => mentions(query, name)));
  return own.slice(0, MOST).map(({ query }) => anonymous(query));
}

/** What a snapshot brings of production's statements on the given tables; none where it brings none. */
export async function broughtQueries(administration: PostgresAddress, tables: readonly string[]): Promise<MainQuery[]> {
  try {
    return (await knownStatements(administration, tables)).slice(0, MOST).map(({ query }) => anonymous(query));
  } catch {
    // A server of others may have a database of that name which is not ours to read.
    return [];
  }
}

function anonymous(sql: string): MainQuery {
  const flat = sql.replaceAll(/\s+/g, " ").trim();
  return { name: createHash("sha256").update(flat).digest("hex").slice(0, 16), sql, own: false };
}
