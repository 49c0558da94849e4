import type pg from "pg";
import { qualified } from "./catalogue.ts";

/** A statement that the source's server has counted, with its constants taken out. */
export interface SourceStatement {
  readonly query: string;
  readonly calls: string;
  readonly meanMilliseconds: number;
  readonly role: string;
}

/** The statements of a database, and what is to be said where there are none. */
export interface SourceStatements {
  readonly statements: readonly SourceStatement[];
  readonly note: string | undefined;
}

const MOST = 5000;

/** Reads what pg_stat_statements knows of rows read and written in a database, most calls first. */
export async function readStatements(client: pg.Client): Promise<SourceStatements> {
  const { rows: found } = await client.query<{ schema: string }>(
    "SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace " +
      "WHERE e.extname = 'pg_stat_statements'",
  );
  const [extension] = found;
  if (extension === undefined) {
    return {
      statements: [],
      note: "note: the source has no extension pg_stat_statements; the snapshot holds no statements.",
    };
  }
  await client.query("SAVEPOINT statements");
  try {
    // A statement with a text constant is one that the server could not normalise: anything may stand in it.
    const { rows } = await client.query<SourceStatement>(
      `SELECT s.query, s.calls::text AS calls, s.mean_exec_time AS "meanMilliseconds", pg_get_userbyid(s.userid) AS role
       FROM ${qualified(client, extension.schema, "pg_stat_statements")} s
       WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND s.query ~* '^\\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\\y' AND s.query NOT LIKE '%''%'
         AND s.query NOT LIKE '%pg_catalog.%'
       ORDER BY s.calls DESC, s.query LIMIT ${MOST}`,
    );
    await client.query("RELEASE SAVEPOINT statements");
    const note =
      rows.length > 0
        ? undefined
        : "note: pg_stat_statements shows the reading role no statements; grant it pg_read_all_stats to have them in the snapshot.";
    return { statements: rows, note };
  } catch (error) {
    await client.query("ROLLBACK TO SAVEPOINT statements");
    const said = error instanceof Error ? error.message : String(error);
    return {
      statements: [],
      note: `note: pg_stat_statements cannot be read (${said}); the snapshot holds no statements.`,
    };
  }
}
