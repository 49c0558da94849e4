import type { HeldLock, MigrationRun } from "../migration/result.ts";
import { duration, shortened } from "./format.ts";
import { lockBlocks, lockName, lockRank } from "./lock-modes.ts";

/** A bar on the time axis, in the row of that name. Times are seconds since the run began. */
export interface Bar {
  readonly row: string;
  readonly from: number;
  readonly until: number;
  /** What is told when somebody points at it. */
  readonly title: string;
  readonly failed: boolean;
}

/** What the rows of statements begin with, and those of migrations do not. */
export const INDENT = "\u00a0\u00a0";
/** Past so many, statements share the row of their migration. */
const STATEMENT_ROWS = 24;
/** Past so many, the tables with the weakest locks are left to the table below the plot. */
const TABLE_ROWS = 40;

/** The bars of migrations and statements, and the rows in their order. */
export function statementRows(run: readonly MigrationRun[]): {
  readonly rows: readonly string[];
  readonly migrations: readonly Bar[];
  readonly statements: readonly Bar[];
} {
  const total = run.reduce((sum, { statements }) => sum + statements.length, 0);
  const migrations: Bar[] = [];
  const statements: Bar[] = [];
  const rows: string[] = [];
  let number = 0;
  for (const migration of run) {
    rows.push(migration.migration);
    migrations.push({
      row: migration.migration,
      from: migration.start,
      until: migration.start + migration.seconds,
      title: `${migration.migration}: ${duration(migration.seconds)}${migration.error === undefined ? "" : ", failed"}`,
      failed: migration.error !== undefined,
    });
    for (const statement of migration.statements) {
      number++;
      const row =
        total <= STATEMENT_ROWS
          ? `${INDENT}${number} ${shortened(statement.sql.replaceAll('"', ""), 60)}`
          : migration.migration;
      if (total <= STATEMENT_ROWS) rows.push(row);
      statements.push({
        row,
        from: statement.start,
        until: statement.start + statement.seconds,
        title: `statement ${number}, ${duration(statement.seconds)}: ${shortened(statement.sql, 160)}`,
        failed: statement.error !== undefined,
      });
    }
  }
  return { rows, migrations, statements };
}

/** How long a table was locked in one mode, over a whole run. */
export interface TableLock {
  readonly table: string;
  readonly mode: string;
  /** Seconds, of all migrations together. */
  readonly held: number;
  /** Migrations that held it. */
  readonly migrations: readonly string[];
}

/** The locks of a run by table and mode, the strongest and longest first. */
export function tableLocks(run: readonly MigrationRun[]): readonly TableLock[] {
  const found = new Map<string, { table: string; mode: string; held: number; migrations: Set<string> }>();
  for (const { migration, locks } of run) {
    for (const { table, mode, from, until } of locks) {
      const key = `${mode} ${table}`;
      const lock = found.get(key) ?? { table, mode, held: 0, migrations: new Set<string>() };
      lock.held += until - from;
      lock.migrations.add(migration);
      found.set(key, lock);
    }
  }
  return [...found.values()]
    .map((lock) => ({ ...lock, migrations: [...lock.migrations] }))
    .toSorted((left, right) => lockRank(right.mode) - lockRank(left.mode) || right.held - left.held);
}

/** A held lock as a bar in the row of its table. */
export interface LockBar extends Bar {
  readonly mode: string;
}

/** The bars of held locks, weak ones first so that strong ones lie on top, and the tables in their order. */
export function lockRows(run: readonly MigrationRun[]): {
  readonly rows: readonly string[];
  readonly bars: readonly LockBar[];
  /** Tables that are not shown. */
  readonly hidden: number;
} {
  const tables = [...new Set(tableLocks(run).map(({ table }) => table))];
  const rows = tables.slice(0, TABLE_ROWS);
  const shown = new Set(rows);
  const bars = run
    .flatMap(({ migration, locks }) => locks.map((lock) => ({ migration, lock })))
    .filter(({ lock }) => shown.has(lock.table))
    .toSorted((left, right) => lockRank(left.lock.mode) - lockRank(right.lock.mode))
    .map(({ migration, lock }) => lockBar(migration, lock));
  return { rows, bars, hidden: tables.length - rows.length };
}

function lockBar(migration: string, { table, mode, from, until }: HeldLock): LockBar {
  const title = `${table}: ${lockName(mode)} for ${duration(until - from)} (${lockBlocks(mode)}), ${migration}`;
  return { row: table, from, until, title, failed: false, mode };
}
