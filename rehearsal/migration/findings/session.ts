import type { Finding, MigrationRun } from "../result.ts";

/** What decides which tables a statement means, whose they become, what they let through, and what values mean. */
const DECISIVE =
  /^(?:search_path|role|session_authorization|session_replication_role|row_security|check_function_bodies|TimeZone|DateStyle|IntervalStyle|default_(?:transaction_\w+|tablespace|table_access_method))$/;

/**
 * Settings that a migration leaves changed in its session: all migrations after it run with them, as long as they run in one
 * deployment, and without them where they do not.
 */
export function sessionFindings(run: readonly MigrationRun[]): Finding[] {
  return run.flatMap(({ migration, left = {} }) =>
    Object.entries(left)
      .filter(([name]) => DECISIVE.test(name))
      .map(
        ([name, value]): Finding => ({
          id: "migration.session",
          severity: "blocking",
          migration,
          subject: name,
          cause: `the migration sets ${name} to ${value === "" ? "nothing" : value} and does not put it back`,
          consequence:
            "Statements of later migrations reach other tables, rights or values than they name, in this deployment and not in the next.",
          remedy: `Use SET LOCAL ${name} in an atomic migration, or RESET ${name} at its end; name schemas in the statements.`,
        }),
      ),
  );
}
