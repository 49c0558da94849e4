import type { DataState, Soundness } from "../data.ts";
import type { Finding, MigrationRun, PlannedMigration } from "../result.ts";
import { mentions } from "../statements.ts";

/** A statement of a migration. */
interface Change {
  readonly migration: string;
  readonly sql: string;
}

/**
 * Rows or values that changed although no migration names them.
 *
 * @param outside statements of no migration that ran with them
 * @param doubles rows that said nothing else than another one before, by table that has fewer rows now
 */
export function dataFindings(
  before: DataState,
  after: DataState,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
  outside: readonly string[] = [],
  doubles: Readonly<Record<string, number>> = {},
): Finding[] {
  const own = changesOf(plan, run);
  const changes = [...own, ...outside.map((sql) => ({ migration: "", sql }))];
  return Object.entries(before).flatMap(([table, was]) => {
    const is = after[table];
    if (is === undefined || table.endsWith("django_migrations")) return [];
    return [
      ...rowFindings(table, was.rows, is.rows, changes, doubles[table]),
      ...valueFindings(table, was, is, changes),
    ].map((finding) => ({ ...finding, ...suspect(own, plan) }));
  });
}

/** What Django and its apps keep for a while, or make again. */
const PASSING = /(?:^|\.)(?:django_|auth_permission$)/;

function rowFindings(
  table: string,
  was: number,
  is: number,
  changes: readonly Change[],
  doubles: number | undefined,
): Finding[] {
  const naming = changes.find(
    ({ sql }) => /\b(INSERT|DELETE|TRUNCATE|COPY|MERGE|PARTITION)\b/i.test(sql) && namesTable(sql, table),
  );
  if (was === is || naming !== undefined) {
    if (is >= was) return [];
    const only = doubles === undefined ? 0 : was - is - doubles;
    const lost = only > 0 && !PASSING.test(table);
    return [
      {
        id: "data.rows-removed",
        severity: lost ? "blocking" : "warning",
        subject: table,
        cause: `the migrations remove ${was - is} of ${was} rows${lost ? `; ${only === was - is ? "they" : `at least ${only} of them`} say what no other row says` : ""}`,
        consequence: "They are gone for good: going back to the release before does not bring them back.",
        remedy:
          "Look at the condition of the deletion, and at nulls in what rows are compared by. Where it is meant, say so in rehearsal:checks.accepted; a snapshot of production keeps the rows.",
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

function valueFindings(
  table: string,
  was: DataState[string],
  is: DataState[string],
  changes: readonly Change[],
): Finding[] {
  // Other rows have other sums.
  if (was.rows !== is.rows) return [];
  const changed = Object.entries(was.columns).filter(([column, sum]) => {
    const now = is.columns[column];
    const named = changes.some(({ sql }) => mentions(sql, column) && namesTable(sql, table));
    return now !== undefined && now !== sum && !named;
  });
  if (changed.length === 0) return [];
  return [
    {
      id: "data.values-changed",
      severity: "blocking",
      subject: table,
      cause: `values of ${changed.map(([column]) => column).join(", ")} changed, although no migration names ${changed.length === 1 ? "it" : "them"}`,
      consequence: "Existing data is altered as a side effect, for example by a trigger or by a cascade.",
      remedy: "Find the statement that reaches these columns, and change them on purpose and by name or not at all.",
    },
  ];
}

function changesOf(plan: readonly PlannedMigration[], run: readonly MigrationRun[]): Change[] {
  return statementsOf(plan, run).filter(({ sql }) => changesData(sql));
}

function statementsOf(plan: readonly PlannedMigration[], run: readonly MigrationRun[]): Change[] {
  return [
    ...plan.flatMap(({ migration, sql }) => sql.map((text) => ({ migration, sql: text }))),
    ...run.flatMap(({ migration, statements: ran }) => ran.map(({ sql }) => ({ migration, sql }))),
  ];
}

/** What only declares tables, rules and triggers names tables and columns without being meant to change their data. */
function changesData(sql: string): boolean {
  const text = sql.replace(/^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
  if (/^ALTER\b/i.test(text)) return /\bTYPE\b|\bPARTITION\b/i.test(text);
  if (/^CREATE\b/i.test(text))
    return /^CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\b/i.test(text) && !/\bRETURNS\s+TRIGGER\b/i.test(text);
  return text !== "" && !/^(DROP|COMMENT|GRANT|REVOKE|SET|RESET|LOCK)\b/i.test(text);
}

/** The one migration that writes rows, or the only one that there is. */
function suspect(changes: readonly Change[], plan: readonly PlannedMigration[]): { migration?: string } {
  const writing = changes.filter(({ sql }) => /\b(INSERT|UPDATE|DELETE|TRUNCATE|COPY|MERGE|DO|CALL)\b/i.test(sql));
  const writers = new Set(writing.map(({ migration }) => migration));
  const [only] = writers.size === 1 ? writers : plan.length === 1 ? plan.map(({ migration }) => migration) : [];
  return only === undefined ? {} : { migration: only };
}

function namesTable(text: string, table: string): boolean {
  return mentions(text, table.split(".").at(-1) ?? table);
}

/** What the migrations leave behind that does not hold together; what was so before is not theirs. */
export function soundnessFindings(
  before: Soundness,
  after: Soundness,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): Finding[] {
  const findings: Finding[] = [];
  const statements = statementsOf(plan, run);
  const naming = (name: string) => {
    const migration = statements.findLast(({ sql }) => namesTable(sql, name.replaceAll('"', "")))?.migration;
    return migration === undefined ? {} : { migration };
  };
  for (const index of after.invalidIndexes.filter((name) => !before.invalidIndexes.includes(name))) {
    findings.push({
      id: "data.index-invalid",
      severity: "blocking",
      ...naming(index),
      subject: index,
      cause: "the index is invalid after the migrations: building it concurrently failed",
      consequence: "It costs at every write, serves no query, and guards no uniqueness.",
      remedy: `Drop it (DROP INDEX CONCURRENTLY ${index}), mend the cause and build it again.`,
    });
  }
  const unmet = after.unmet.filter(({ constraint }) => !before.notValidated.includes(constraint));
  for (const { constraint, table, rows } of unmet) {
    findings.push({
      id: "data.constraint-unmet",
      severity: "blocking",
      ...naming(constraint.split(" on ")[0] ?? constraint),
      subject: constraint,
      cause: `${rows === 1 ? "one row breaks" : `${rows} rows break`} the constraint, which is NOT VALID: it holds for each UPDATE all the same, whatever column that changes`,
      consequence: `Nobody can change these rows of ${table} any more: each save of one of them fails.`,
      remedy: "Mend the rows in a migration ahead of it, or let the constraint except them.",
    });
  }
  const met = (constraint: string) => unmet.every((other) => other.constraint !== constraint);
  for (const constraint of after.notValidated.filter((name) => !before.notValidated.includes(name) && met(name))) {
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
      ...(old ? {} : naming(column.split(".").slice(0, -1).join("."))),
      subject: sequence,
      cause: `its next value is ${next}, while ${column} holds ${highest}${old ? " (so it was before the migrations)" : ""}`,
      consequence: "The next inserts fail with a duplicate key.",
      remedy: `SELECT setval('${sequence}', ${highest});`,
    });
  }
  return findings;
}
