import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { count } from "../../../report/format.ts";
import { ownObjects } from "../../../snapshot/catalogue.ts";
import { attempt } from "../look.ts";
import type { KnownIndex } from "../queries/compare.ts";

/** What is counted instead of read where it is larger. */
const EXACT_ROWS = 3_000_000;
/** Tables of fewer rows come and go. */
const FLOOR_ROWS = 100;
const FLOOR_SHARE = 0.5;
const DEAD_SHARE = 0.5;
const DEAD_ROWS = 50_000;
const LARGE_ROWS = 100_000;

const TABLES = `
  SELECT n.nspname || '.' || c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted, c.reltuples::float8 AS estimate
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND ${ownObjects("c")} AND has_table_privilege(c.oid, 'SELECT') ORDER BY c.reltuples, 1`;

const INDEXES = `
  SELECT n.nspname || '.' || t.relname AS table, c.relname AS name,
    CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || substring(pg_get_indexdef(i.indexrelid) FROM ' USING (.*)$') AS definition
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE i.indisvalid AND NOT t.relispartition AND ${ownObjects("t")} ORDER BY 1, 2`;

const IDENTITY = `SELECT oid::text || ' ' || coalesce((SELECT system_identifier::text FROM pg_control_system()), '') AS identity,
  pg_database_size(oid)::float8 AS bytes FROM pg_database WHERE datname = current_database()`;

const CARE = `
  SELECT s.schemaname || '.' || s.relname AS name, s.n_dead_tup::float8 AS dead, greatest(s.n_live_tup, c.reltuples)::float8 AS live,
    coalesce('autovacuum_enabled=false' = ANY (c.reloptions) OR 'autovacuum_enabled=off' = ANY (c.reloptions), false) AS neglected,
    NOT EXISTS (SELECT 1 FROM pg_statistic p WHERE p.starelid = c.oid) AS unknown
  FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid`;

/** Rows by `schema.table`: counted, or estimated where there are millions. */
export async function countRows(client: pg.Client): Promise<Map<string, number>> {
  const { rows: tables } = await client.query<{ name: string; quoted: string; estimate: number }>(TABLES);
  const counts = new Map<string, number>();
  for (const { name, quoted, estimate } of tables) {
    const counted =
      estimate > EXACT_ROWS
        ? undefined
        : await attempt(client, () => client.query<{ count: string }>(`SELECT count(*) FROM ONLY ${quoted}`));
    if (counted !== undefined && "value" in counted) counts.set(name, Number(counted.value.rows[0]?.count));
    else if (estimate >= 0) counts.set(name, estimate);
  }
  return counts;
}

/** The indexes of a database that queries may use. */
export async function readIndexes(client: pg.Client): Promise<KnownIndex[]> {
  return (await client.query<KnownIndex>(INDEXES)).rows;
}

/** What tells one database from another of the same name, and its size in bytes. */
export async function databaseIdentity(client: pg.Client): Promise<{ identity: string; bytes: number }> {
  const answer = await attempt(client, () => client.query<{ identity: string; bytes: number }>(IDENTITY));
  if ("value" in answer && answer.value.rows[0] !== undefined) return answer.value.rows[0];
  const { rows } = await client.query<{ identity: string; bytes: number }>(
    "SELECT oid::text AS identity, pg_database_size(oid)::float8 AS bytes FROM pg_database WHERE datname = current_database()",
  );
  return rows[0] ?? { identity: "", bytes: 0 };
}

/** Django's tables of users, groups and what they may: no job clears them. */
const WHO_MAY_WHAT = /(?:^|\.)(?:auth_(?:user|group)|\w+_(?:user_permissions|group_permissions|groups)|django_site)$/;

/** Tables that have far fewer rows than they had. */
export function rowFindings(
  now: ReadonlyMap<string, number>,
  was: Readonly<Record<string, number>>,
  before: string,
): Finding[] {
  return Object.entries(was).flatMap(([table, rows]) => {
    const left = now.get(table);
    if (left === 0 && rows > 0 && WHO_MAY_WHAT.test(table)) return [rightsLost(table, rows, before)];
    if (left === undefined || rows < FLOOR_ROWS || left >= rows * FLOOR_SHARE) return [];
    return [
      {
        id: "database.rows-lost",
        severity: "warning",
        subject: table,
        cause: `it has ${count(left)} rows, and ${before} had ${count(rows)}`,
        consequence: "Pages and reports show less than they did, and what is rehearsed on is less than production has.",
        remedy: "Find what removed them; where it is meant (sessions that expired, a clearing job), go on.",
      },
    ];
  });
}

function rightsLost(table: string, rows: number, before: string): Finding {
  return {
    id: "database.rights-lost",
    severity: "blocking",
    subject: table,
    cause: `it is empty, and ${before} had ${count(rows)} ${rows === 1 ? "row" : "rows"} in it`,
    consequence: "Nobody but superusers may do what these rows allowed: editors are answered 403, or cannot log in.",
    remedy: "Restore the rows from a backup: a restore that left the table out, or somebody who cleared it, took them.",
  };
}

/** Tables that nobody vacuums or knows the contents of. */
export async function neglectedTables(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<TableCare>(CARE);
  return careFindings(rows);
}

/** How a table is looked after. */
export interface TableCare {
  readonly name: string;
  readonly dead: number;
  readonly live: number;
  /** Whether autovacuum is off for it. */
  readonly neglected: boolean;
  /** Whether the planner has no statistics of it. */
  readonly unknown: boolean;
}

/** Judges how tables are looked after. */
export function careFindings(tables: readonly TableCare[]): Finding[] {
  return tables.flatMap(({ name, dead, live, neglected, unknown }): Finding[] => {
    const swollen = dead > DEAD_ROWS && dead > live * DEAD_SHARE;
    if (neglected) {
      return [
        {
          id: "database.not-vacuumed",
          severity: "warning",
          subject: name,
          cause: `autovacuum is off for it; ${count(dead)} of its rows are dead`,
          consequence: "It swells, its statistics age, and its transaction numbers are frozen only in an emergency.",
          remedy: `ALTER TABLE ${name} RESET (autovacuum_enabled), and VACUUM (ANALYZE) it.`,
        },
      ];
    }
    if (!swollen && !(unknown && live > LARGE_ROWS)) return [];
    return [
      {
        id: swollen ? "database.dead-rows" : "database.no-statistics",
        severity: swollen ? "warning" : "note",
        subject: name,
        cause: swollen
          ? `${count(dead)} of its rows are dead, and ${count(live)} alive`
          : `the planner has no statistics of its ${count(live)} rows`,
        consequence: swollen ? "Every scan reads them too." : "Plans are guesses, and may be slow ones.",
        remedy: swollen ? "Find what keeps vacuum from removing them (old transactions, slots)." : `ANALYZE ${name}.`,
      },
    ];
  });
}
