import type { Finding, MigrationRun, StatementRun } from "../../../../rehearsal/migration/result.ts";

/** A statement that took a tenth of a second and nothing else. */
export function statement(changes: Partial<StatementRun> = {}): StatementRun {
  return {
    sql: "",
    start: 0,
    seconds: 0.1,
    rows: null,
    rewritten: [],
    sizeBytes: 0,
    walBytes: 0,
    locks: [],
    ...changes,
  };
}

/** A migration that has run these statements within its first second. */
export function ran(statements: StatementRun[], changes: Partial<MigrationRun> = {}): MigrationRun {
  const migration = "shop.0002_change";
  return { migration, atomic: true, start: 0, seconds: 1, statements, locks: [], retries: 0, ...changes };
}

/** Severities and ids, legible when they differ. */
export function ids(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, id }) => `${severity} ${id}`);
}
