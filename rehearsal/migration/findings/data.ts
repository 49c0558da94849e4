import type { DataState, Soundness } from "../data.ts";
import type { Finding, MigrationRun, PlannedMigration } from "../result.ts";
import { mentions } from "../statements.ts";

/** What the migrations name: whatever else changes has changed by mistake. */
interface Named {
  readonly text: string;
  /** Tables whose rows a statement adds or removes. */
  readonly rows: string;
}

/** Rows or values that changed although no migration names them. */
export function dataFindings(
  before: DataState,
  after: DataState,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): Finding[] {
  const named = namedBy(plan, run);
  return Object.entries(before).flatMap(([table, was]) => {
    const is = after[table];
    if (is === undefined || table.endsWith("django_migrations")) return [];
    return [...rowFindings(table, was.rows, is.rows, named), ...valueFindings(table, was, is, named)];
  });
}

function rowFindings(table: string, was: number, is: number, named: Named): Finding[] {
  if (was === is || namesTable(named.rows, table)) {
    if (is >= was) return [];
    return [
      {
        id: "data.rows-removed",
        severity: "warning",
        subject: table,
        cause: `the migrations remove ${was - is} of ${was} rows`,
        consequence: "They are gone for good: going back to the release before does not bring them back.",
        remedy: "Make sure that this is meant; a snapshot of production keeps them.",
      },
    ];
  }
  return [
    {
      id: "data.rows-changed",
      severity: "blocking",
      subject: table,
      cause: `it has ${is} rows after the migrations and had ${was}, although none of them names it`,
      consequence: "Rows come or go as a side effect, for example through ON DELETE CASCADE or a trigger.",
      remedy: "Find the statement that reaches this table, and change its rows on purpose or not at all.",
    },
  ];
}

function valueFindings(table: string, was: DataState[string], is: DataState[string], named: Named): Finding[] {
  // Other rows have other sums.
  if (was.rows !== is.rows) return [];
  const changed = Object.entries(was.columns).filter(([column, sum]) => {
    const now = is.columns[column];
    return now !== undefined && now !== sum && !(mentions(named.text, column) && namesTable(named.text, table));
  });
  if (changed.length === 0) return [];
  return [
    {
      id: "data.values-changed",
      severity: "blocking",
      subject: table,
      cause: `values of ${changed.map(([column]) => column).join(", ")} changed, although no migration names ${changed.length === 1 ? "it" : "them"}`,
      consequence: "Existing data is altered as a side effect, for example by a trigger or by save() in a loop.",
      remedy: "Write the columns that are meant, by name: update(...) or save(update_fields=[...]).",
    },
  ];
}

function namedBy(plan: readonly PlannedMigration[], run: readonly MigrationRun[]): Named {
  const statements = [
    ...plan.flatMap(({ sql }) => sql),
    ...run.flatMap(({ statements: ran }) => ran.map(({ sql }) => sql)),
  ];
  const changingRows = statements.filter((sql) => /\b(INSERT|DELETE|TRUNCATE|COPY|MERGE)\b/i.test(sql));
  return { text: statements.join("\n"), rows: changingRows.join("\n") };
}

function namesTable(text: string, table: string): boolean {
  return mentions(text, table.split(".").at(-1) ?? table);
}

/** What the migrations leave behind that does not hold together; what was so before is not theirs. */
export function soundnessFindings(before: Soundness, after: Soundness): Finding[] {
  const findings: Finding[] = [];
  for (const index of after.invalidIndexes.filter((name) => !before.invalidIndexes.includes(name))) {
    findings.push({
      id: "data.index-invalid",
      severity: "blocking",
      subject: index,
      cause: "the index is invalid after the migrations: building it concurrently failed",
      consequence: "It costs at every write, serves no query, and guards no uniqueness.",
      remedy: `Drop it (DROP INDEX CONCURRENTLY ${index}), mend the cause and build it again.`,
    });
  }
  for (const constraint of after.notValidated.filter((name) => !before.notValidated.includes(name))) {
    findings.push({
      id: "data.constraint-not-validated",
      severity: "note",
      subject: constraint,
      cause: "the constraint holds for new rows; existing rows have not been checked",
      consequence: "Rows that break it may remain, and the planner does not rely on it.",
      remedy: "Validate it in a migration of the next release (ValidateConstraint).",
    });
  }
  const known = new Set(before.behind.map(({ sequence }) => sequence));
  for (const { sequence, column, next, highest } of after.behind) {
    const old = known.has(sequence);
    findings.push({
      id: "data.sequence-behind",
      severity: old ? "warning" : "blocking",
      subject: sequence,
      cause: `its next value is ${next}, while ${column} holds ${highest}${old ? " (so it was before the migrations)" : ""}`,
      consequence: "The next inserts fail with a duplicate key.",
      remedy: `SELECT setval('${sequence}', ${highest});`,
    });
  }
  return findings;
}
