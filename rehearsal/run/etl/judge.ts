import { isDeepStrictEqual } from "node:util";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import { readEntries } from "../logs/entries.ts";
import { alike, findPatterns } from "../logs/patterns.ts";
import type { Contents } from "./contents.ts";

/** What two workers made otherwise of the same input, in one table. */
export interface TableDifference {
  readonly table: string;
  readonly rowsBefore: number;
  readonly rowsNow: number;
  /** Columns with other values; empty where the number of rows differs. */
  readonly columns: readonly string[];
}

const QUOTED = 3;
/** Of what a worker has said, its last words. */
const SAID_LINES = 12;
const LONGEST_WORDS = 300;
/** How much more a worker must read or change than before: a new column or check takes some. */
const EFFORT_TIMES = 2.5;
const EFFORT_ROWS = 10_000;

/** What stands in the tables of a worker's database before it begins and when it has done what there is to do. */
export interface WorkerContents {
  readonly empty: Contents;
  readonly filled: Contents;
}

/**
 * Tables and columns that both releases have, that a worker has written to, and that hold something else. What the release
 * before left empty does not count, nor columns whose type is another one.
 */
export function differingTables(before: WorkerContents, now: WorkerContents): TableDifference[] {
  return [...before.filled].flatMap(([table, { rows, columns }]): TableDifference[] => {
    const found = now.filled.get(table);
    if (found === undefined || rows === 0 || !wrote(before, table, now)) return [];
    const rowsOf = { table, rowsBefore: rows, rowsNow: found.rows };
    if (found.rows !== rows) return [{ ...rowsOf, columns: [] }];
    const others = Object.entries(columns).flatMap(([name, { type, digest }]) => {
      const other = found.columns[name];
      return other === undefined || other.type !== type || other.digest === digest ? [] : [name];
    });
    return others.length === 0 ? [] : [{ ...rowsOf, columns: others }];
  });
}

/** Whether one of the workers has changed a table that migrations have left alike in both databases. */
function wrote(before: WorkerContents, table: string, now: WorkerContents): boolean {
  if (before.empty.get(table)?.rows !== now.empty.get(table)?.rows) return false;
  return [before, now].some(({ empty, filled }) => !isDeepStrictEqual(empty.get(table), filled.get(table)));
}

/**
 * The differences that are none of the release's: the release before makes them itself when it runs once more.
 *
 * @param again what the release before made of it the second time
 */
export function withoutChance(
  differences: readonly TableDifference[],
  before: WorkerContents,
  again: WorkerContents,
): TableDifference[] {
  return withoutKnown(differences, differingTables(before, again));
}

const INPUT = {
  first: "from the same input",
  again: "when the same input comes once more, to tables in which others have stored something,",
  changed:
    "when the files of its input change while it runs (a byte order mark and line ends as spreadsheets write them, the last number one more),",
};

/** Differences beyond those that are known. */
export function withoutKnown(
  differences: readonly TableDifference[],
  known: readonly TableDifference[],
): TableDifference[] {
  return differences.flatMap((difference) => {
    const own = known.filter(({ table }) => table === difference.table);
    if (own.length === 0) return [difference];
    if (difference.columns.length === 0 || own.some(({ columns }) => columns.length === 0)) return [];
    const columns = difference.columns.filter((column) => !own.some((one) => one.columns.includes(column)));
    return columns.length === 0 ? [] : [{ ...difference, columns }];
  });
}

/**
 * One finding for all tables: the worker's code differs at one place.
 *
 * @param pass `first` on an empty database, `again` when the same input comes once more, and others have stored something,
 *   `changed` when other input comes while the worker runs
 * @param samples values that only one of the two has, line by line
 * @param said the last lines of the release's worker
 */
export function resultFindings(
  differences: readonly TableDifference[],
  {
    pass,
    release,
    samples,
    said,
  }: {
    readonly pass: "first" | "again" | "changed";
    readonly release: string;
    readonly samples: readonly string[];
    readonly said: readonly string[];
  },
): Finding[] {
  if (differences.length === 0) return [];
  const nothing = differences.every(({ rowsNow }) => rowsNow === 0);
  // Where nothing arrives in a table, the worker may have said why.
  const emptied = differences.some(({ rowsNow }) => rowsNow === 0);
  const input = INPUT[pass];
  const named = differences
    .toSorted((one, other) => other.rowsBefore - one.rowsBefore)
    .slice(0, QUOTED)
    .map(inWords)
    .join("; ");
  const more = differences.length > QUOTED ? `; and ${counted(differences.length - QUOTED, "other table")}` : "";
  return [
    {
      id: "etl.results",
      severity: "blocking",
      subject: "ETL worker",
      cause: `${input} the worker makes something else than that of release ${release}: ${named}${more}`,
      consequence: nothing
        ? "Nothing arrives any more: pages and reports go on showing old data, and no error says so."
        : "Pages and reports are built on rows that are missing, doubled or wrong, and no error says so.",
      remedy:
        "Look at what changed in how rows are read, matched and stored; where this is what the release is for, say so in rehearsal:checks.accepted.",
      evidence: [...samples, ...(emptied ? said.slice(-SAID_LINES).map((line) => `worker: ${line}`) : [])],
    },
  ];
}

/**
 * Rows that a worker takes from the database, or changes there, for the same input: what is bearable with these rows is not
 * with production's.
 *
 * @param rows that the statements of each release returned or changed
 */
export function effortFindings(rows: { readonly before: number; readonly now: number }, release: string): Finding[] {
  if (rows.now < rows.before * EFFORT_TIMES || rows.now - rows.before < EFFORT_ROWS) return [];
  return [
    {
      id: "etl.effort",
      severity: "blocking",
      subject: "ETL worker",
      cause: `for the same input its statements return or change ${counted(rows.now, "row")}, where those of release ${release} did with ${rows.before.toLocaleString("en")}`,
      consequence: "It grows with the tables: with production's rows the worker is slow, or killed at its memory.",
      remedy:
        "Look at what rows are looked up by: a condition that many rows meet, a query in a loop, a whole table read into memory.",
    },
  ];
}

/**
 * Errors that a worker logs, and that of the release before did not: what it does beside its rows may fail without any of
 * them being another one.
 *
 * @param said all lines of both
 */
export function errorFindings(
  said: { readonly before: readonly string[]; readonly now: readonly string[] },
  release: string,
): Finding[] {
  const errorsOf = (lines: readonly string[]) =>
    findPatterns(
      "etl",
      readEntries(lines.join("\n")).filter(({ level }) => level === "error"),
    );
  const known = errorsOf(said.before);
  const unknown = errorsOf(said.now).filter(({ words }) => !known.some((pattern) => alike(pattern.words, words)));
  return unknown.slice(0, QUOTED).map(({ sample, count }) => ({
    id: "etl.error",
    severity: "blocking",
    subject: "ETL worker",
    cause: `from the same input it logs an error ${counted(count, "time")} that release ${release} does not: ${lastWords(sample)}`,
    consequence: "What it was to do then is not done, now or at its next look, while the worker lives and seems well.",
    remedy: "Mend what the error names: its last line, and the line of the project's own code above it.",
    evidence: sample.split("\n").slice(-SAID_LINES),
  }));
}

/** What names an error: the end of its traceback, or of a line as JSON the exception's. */
function lastWords(sample: string): string {
  const [entry] = readEntries(sample);
  const words = entry?.message ?? sample;
  return words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words;
}

/** A worker that never finds its way back to the database. */
export function standstill(release: string): Finding {
  return {
    id: "etl.standstill",
    severity: "blocking",
    subject: "ETL worker",
    cause: `after the server has ended its session it does not log in again; that of release ${release} does`,
    consequence:
      "Once the database has been restarted nothing is loaded any more, while the worker lives and seems well.",
    remedy:
      "Close the connection between two looks at the input (connection.close(), close_old_connections()), or end the process on errors of the connection.",
  };
}

function inWords({ table, rowsBefore, rowsNow, columns }: TableDifference): string {
  if (columns.length === 0) return `${table} has ${counted(rowsNow, "row")} in place of ${rowsBefore}`;
  const more = columns.length > QUOTED ? ` and ${counted(columns.length - QUOTED, "other column")}` : "";
  return `${table} has other values in ${columns.slice(0, QUOTED).join(", ")}${more}`;
}

/** Values that stand in a column more often after one of the two. */
export function valueSamples(
  name: string,
  before: ReadonlyMap<string, number>,
  now: ReadonlyMap<string, number>,
): string[] {
  const moreIn = (one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>) =>
    [...one].flatMap(([value, times]) => (times > (other.get(value) ?? 0) ? [value] : [])).slice(0, QUOTED);
  return [`${name} before: ${moreIn(before, now).join(", ")}`, `${name} now: ${moreIn(now, before).join(", ")}`];
}
