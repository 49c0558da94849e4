import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { count, shortened } from "../../../report/format.ts";
import { attempt } from "../look.ts";

/** Rows that statements of one form have removed, by the statement; values and lists of them are taken out. */
export type Removals = Readonly<Record<string, number>>;

/** Fewer come and go. */
const FLOOR_ROWS = 20;
const FLOOR_SHARE = 0.005;
const SHOWN_CHARACTERS = 200;
const TABLE = /^DELETE FROM (?:ONLY )?("?[\w.]+"?(?:\."?\w+"?)?)/i;

const STATEMENTS = `
  SELECT s.query, sum(s.rows)::float8 AS rows
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
  WHERE d.datname = current_database() AND r.rolname = $1 AND s.query ~* '^\\s*DELETE ' AND s.rows > 0 GROUP BY 1`;

/**
 * What a role's statements have removed since the server counts them. Empty where it does not.
 *
 * @param client in a transaction that is rolled back, in a role that sees the statements of others
 */
export async function readRemovals(client: pg.Client, role: string): Promise<Removals> {
  await attempt(client, () => client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"));
  const answer = await attempt(client, () => client.query<{ query: string; rows: number }>(STATEMENTS, [role]));
  const found: Record<string, number> = {};
  for (const { query, rows } of "value" in answer ? answer.value.rows : []) {
    const form = query
      .replaceAll(/\s+/g, " ")
      .trim()
      .replaceAll(/\(\$\d+(?:, \$\d+)*\)/g, "(…)")
      .replaceAll(/\$\d+/g, "…");
    found[form] = (found[form] ?? 0) + rows;
  }
  return found;
}

/** Rows by `schema.table`. */
type Rows = Readonly<Record<string, number>>;

/**
 * Rows that a worker's statements of a new form have removed from a table that has fewer than it had.
 *
 * @param now what has been removed so far, and the rows that are there
 * @param before what the release before had removed when it was rehearsed, and the rows that this database had earlier
 * @param release the release before, in words
 */
export function removalFindings(
  now: { readonly removals: Removals; readonly rows: Rows },
  before: { readonly removals: Removals; readonly rows: Rows },
  release: string,
): Finding[] {
  return Object.entries(now.removals).flatMap(([statement, removed]): Finding[] => {
    const table = tableOf(statement);
    const earlier = before.rows[table];
    const left = now.rows[table];
    if (statement in before.removals || earlier === undefined || left === undefined) return [];
    const lost = Math.min(removed, earlier - left);
    if (lost < FLOOR_ROWS || lost < earlier * FLOOR_SHARE) return [];
    return [
      {
        id: "database.new-removals",
        severity: "blocking",
        subject: table,
        cause: `the ETL worker has removed ${count(removed)} rows from it, by a statement that was none of ${release}: ${shortened(statement, SHOWN_CHARACTERS)}; it has ${count(left)} rows, and had ${count(earlier)}`,
        consequence:
          "In production it removes them as soon as the worker has run once, and only a backup brings them back.",
        remedy:
          "Look at the condition: what it compares, and whether old rows meet it for another reason. Where these rows are to go, say so in rehearsal:checks.accepted.",
      },
    ];
  });
}

function tableOf(statement: string): string {
  const name = (TABLE.exec(statement)?.[1] ?? "").replaceAll('"', "");
  return name.includes(".") ? name : `public.${name}`;
}
