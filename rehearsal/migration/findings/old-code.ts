import type { CodeOperation } from "../outgoing-code.ts";
import type { Finding, MigrationRehearsal, MigrationRun, PlannedMigration } from "../result.ts";

/** How many broken operations are quoted in one finding. */
const QUOTED = 8;

/** What the outgoing release did before and after, operation by operation. */
export type OldCode = MigrationRehearsal["oldCode"];

/** Puts both rounds side by side; an operation that one of them lacks counts as neither good nor bad. */
export function compareRounds(before: readonly CodeOperation[], after: readonly CodeOperation[]): OldCode {
  const later = new Map(after.map(({ operation, error }) => [operation, error]));
  return before.flatMap(({ operation, table, error }) => {
    const then = later.get(operation);
    return then === undefined
      ? []
      : [{ operation, ...(table === undefined ? {} : { table }), before: error, after: then }];
  });
}

/** Operations of the outgoing release that worked before the migrations and fail after them: one finding per cause. */
export function oldCodeFindings(
  oldCode: OldCode,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): Finding[] {
  const broken = oldCode.filter(({ before, after }) => before === null && after !== null);
  const causes = new Map<string, { operation: string; table: string | undefined; error: string }[]>();
  for (const { operation, table, after } of broken) {
    const error = after ?? "";
    const cause = essence(error);
    causes.set(cause, [...(causes.get(cause) ?? []), { operation, table, error }]);
  }
  return [...causes].map(([cause, operations]): Finding => {
    const migration =
      migrationNaming(cause, plan, run) ??
      migrationOf(
        operations.map(({ table }) => table),
        plan,
      );
    return {
      id: "old-code.breaks",
      severity: "blocking",
      ...(migration === undefined ? {} : { migration }),
      subject: operations[0]?.operation ?? "",
      cause: `the release that runs fails on the new schema: ${cause}`,
      consequence:
        "Between the migration and the end of the rollout, and after every rollback, the running release fails at " +
        `${operations.length === 1 ? "this" : `these ${operations.length} operations`}.`,
      remedy: remedyFor(cause),
      evidence: operations.slice(0, QUOTED).map(({ operation, error }) => `${operation}: ${error}`),
    };
  });
}

function remedyFor(cause: string): string {
  if (/null value in column|not-null constraint/i.test(cause)) {
    return "Give the column a default in the database (db_default), or allow nulls until the next release: the running code leaves it out.";
  }
  if (/does not exist/i.test(cause)) {
    return "Expand first, contract later: stop using it in one release, and drop or rename it in the next one.";
  }
  if (/unique|check constraint|foreign key/i.test(cause)) {
    return "Release the code that keeps to the rule first, and add the constraint with the release after it.";
  }
  if (/permission denied/i.test(cause)) {
    return "Leave rights as they are declared: let migrations make tables as the owner alone, and neither grant nor revoke.";
  }
  return "Change the schema in steps that the running release can live with.";
}

/** An error without what differs from operation to operation: values, and where in the code. */
export function essence(error: string): string {
  return (error.split(" | ")[0] ?? error)
    .replace(/\n[\s\S]*$/, "")
    .replace(/\bLINE \d+:.*$/s, "")
    .replace(/DETAIL:.*$/s, "")
    .trim();
}

/** The last migration that is about one of the tables, or the only one that there is. */
function migrationOf(tables: readonly (string | undefined)[], plan: readonly PlannedMigration[]): string | undefined {
  const about = plan.findLast(({ tables: named }) => named.some((table) => tables.includes(table)));
  return (about ?? (plan.length === 1 ? plan[0] : undefined))?.migration;
}

/** The migration whose statements name what the error names. */
function migrationNaming(
  cause: string,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): string | undefined {
  const names = [...cause.matchAll(/"([^"]+)"|\bcolumn ([\w.]+)|\b(?:relation|table|sequence|function) ([\w.]+)/g)]
    .flatMap((match) => match.slice(1))
    .filter((name): name is string => (name as string | undefined) !== undefined)
    .map((name) => name.split(".").at(-1) ?? name);
  const statements = (migration: string) => [
    ...(plan.find((planned) => planned.migration === migration)?.sql ?? []),
    ...(run.find((ran) => ran.migration === migration)?.statements.map(({ sql }) => sql) ?? []),
  ];
  return plan
    .map(({ migration }) => ({
      migration,
      named: names.filter((name) => statements(migration).some((sql) => sql.includes(name))).length,
    }))
    .filter(({ named }) => named > 0)
    .sort((one, other) => other.named - one.named)[0]?.migration;
}
