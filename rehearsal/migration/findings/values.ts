import type { Finding, MigrationRun, PlannedMigration } from "../result.ts";
import { mentions } from "../statements.ts";
import type { AddedColumn, ChangedColumn, ColumnValues } from "../values.ts";

/** With fewer rows, that they come to hold one value says nothing. */
const SOME_ROWS = 10;
const FEW_VALUES = 12;
const DAY = 86_400_000;

/** Values that the migrations take away: cut by a narrower type, or overwritten in every row. */
export function valueFindings(
  changed: readonly ChangedColumn[],
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): Finding[] {
  return changed.flatMap((one) => {
    const finding = lossOf(one) ?? blurred(one);
    if (finding === undefined) return [];
    const migration = migrationChanging(one, plan, run);
    return [{ ...finding, ...(migration === undefined ? {} : { migration }), evidence: told(one) }];
  });
}

/** As a token, a hash or a UUID looks that was drawn for one row. */
const DRAWN = /^(?=.*\d)[\w-]{16,}$/;

/** New columns that are to tell rows apart, and do not: their default was made once, for all rows that are there. */
export function alikeFindings(
  added: readonly AddedColumn[],
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
  now = Date.now(),
): Finding[] {
  return added.flatMap(({ table, column, values }): Finding[] => {
    const { type, rows, nulls, different, frequent } = values;
    const [{ value } = { value: "" }] = frequent;
    if (different !== 1 || rows - nulls < 2) return [];
    if (/^(?:timestamp|date)/.test(type) && Math.abs(Date.parse(value) - now) < DAY) {
      return rows - nulls < SOME_ROWS ? [] : [momentOfMigration(`${table}.${column}`, rows - nulls)];
    }
    if (!(type === "uuid" || DRAWN.test(value))) return [];
    const migration = migrationChanging({ table, column, before: values, after: values }, plan, run);
    return [
      {
        id: "data.values-alike",
        severity: "blocking",
        ...(migration === undefined ? {} : { migration }),
        subject: `${table}.${column}`,
        cause: `all ${rows - nulls} rows hold ${JSON.stringify(value)}: the column's default was made once, when it was added`,
        consequence:
          "What is looked up by it finds all of them, or another one: pages fail or show somebody else's row.",
        remedy:
          "Add the column nullable and without a default, give each row its own value in a migration (RunPython), then make it required and unique.",
      },
    ];
  });
}

function momentOfMigration(subject: string, rows: number): Finding {
  return {
    id: "data.values-alike",
    // Who adds a moment to rows that are there has often no better one.
    severity: "warning",
    subject,
    cause: `all ${rows} rows hold the moment of the migration: the column's default is the time at which it was added`,
    consequence:
      "Rows of years ago say that they are of today, and what is ordered by it comes in any order: lists, their pages, what is latest.",
    remedy:
      "Fill it from what the rows know of their age in the same migration, or let it be empty for those of before; order by a second column that tells rows apart.",
  };
}

function lossOf({ table, column, before, after }: ChangedColumn): Finding | undefined {
  const subject = `${table}.${column}`;
  const filled = (values: ColumnValues) => values.rows - values.nulls;
  if (after.different >= before.different) return undefined;
  // Fewer rows have fewer values.
  if (after.rows < before.rows) return undefined;
  if (before.type !== after.type) {
    return {
      id: "data.values-cut",
      severity: "blocking",
      subject,
      cause: `its type goes from ${before.type} to ${after.type}, and ${before.different} different values become ${after.different}`,
      consequence: "What told them apart is gone for good, in every row: going back does not bring it back.",
      remedy: "Keep the old column beside the new one until nobody misses it, or choose a type that holds all values.",
    };
  }
  const emptied = filled(after) === 0;
  if (emptied || (after.different === 1 && after.nulls === 0 && after.rows >= SOME_ROWS)) {
    return {
      id: "data.values-overwritten",
      severity: "blocking",
      subject,
      cause: emptied
        ? `no row holds a value any more; ${filled(before)} of ${before.rows} did, ${before.different} different ones`
        : `all ${after.rows} rows hold the same value now, where there were ${before.different} different ones`,
      consequence: "What the rows said before is gone for good: going back does not bring it back.",
      remedy:
        "Look at the condition of the update: it may reach rows that it is not meant for. Where it is meant, say so in rehearsal:checks.accepted.",
    };
  }
  return {
    id: "data.values-merged",
    severity: "warning",
    subject,
    cause: `${before.different} different values become ${after.different}`,
    consequence: "Rows that told something apart no longer do, and going back does not bring it back.",
    remedy: "Make sure that this is meant; a snapshot of production keeps the values.",
  };
}

/** Rows of which something was not known, and that are given a number which others have because it is theirs. */
function blurred({ table, column, before, filledWith }: ChangedColumn): Finding | undefined {
  // Of few values it is a state or a mark, for which one of them may well be the right one.
  if (filledWith === undefined || before.different <= FEW_VALUES) return undefined;
  const { value, rows, had } = filledWith;
  return {
    id: "data.nulls-filled",
    // So does many a filling-in that is meant.
    severity: "note",
    subject: `${table}.${column}`,
    cause: `${rows} rows in which it was empty hold ${value} now, as ${had} others did before, which have it for a value of their own`,
    consequence:
      "What was not known and what is so cannot be told apart any more, also after going back: counts, means and shares of reports change.",
    remedy:
      "Leave them empty and have the code take None, or keep beside them which ones were empty. Where it is meant, go on.",
  };
}

function told({ before, after }: ChangedColumn): string[] {
  const line = (when: string, { frequent, nulls }: ColumnValues) =>
    `${when}: ${[...frequent.map(({ value, rows }) => `${JSON.stringify(value)} in ${rows}`), ...(nulls > 0 ? [`nothing in ${nulls}`] : [])].join(", ")}`;
  return [
    ...(before.frequent.length > 0 ? [line("before", before)] : []),
    ...(after.frequent.length > 0 || after.nulls === after.rows ? [line("after", after)] : []),
  ];
}

/** The last migration whose statements name the column and its table, or the only one that there is. */
function migrationChanging(
  { table, column, before, after }: ChangedColumn,
  plan: readonly PlannedMigration[],
  run: readonly MigrationRun[],
): string | undefined {
  const statements = [
    ...plan.flatMap(({ migration, sql }) => sql.map((text) => ({ migration, text }))),
    ...run.flatMap(({ migration, statements: ran }) => ran.map(({ sql }) => ({ migration, text: sql }))),
  ];
  const naming = statements.filter(
    ({ text }) => mentions(text, column) && mentions(text, table.split(".").at(-1) ?? table),
  );
  // An insert names each column, and changes none of what is there.
  const changing = naming.findLast(({ text }) =>
    before.type === after.type ? !/^\s*INSERT\b/i.test(text) : /\bTYPE\b/i.test(text),
  );
  return (changing ?? naming.at(-1))?.migration ?? (plan.length === 1 ? plan[0]?.migration : undefined);
}
