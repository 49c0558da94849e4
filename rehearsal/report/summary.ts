import type { MigrationRehearsal, StepResult } from "../migration/result.ts";
import { countFindings, findingLines, type Paint, painter, sortedFindings, wrap } from "./finding-lines.ts";
import { count, counted, duration, moment } from "./format.ts";
import { printable } from "./html.ts";

/** How the summary is to look. */
interface SummaryOptions {
  /** Where the page of this rehearsal is, to be named in the last line. */
  readonly page?: string;
  /** Colours for a terminal. Default: none. */
  readonly colours?: boolean;
  /** Whether the steps are listed; not where they were told while they ran. Default: true. */
  readonly steps?: boolean;
  /** Whether it was rehearsed earlier, and nothing that it depends on has changed. Default: false. */
  readonly repeated?: boolean;
  /** Whether blocking findings are listed; not where an error tells them. Default: true. */
  readonly blocking?: boolean;
  /** Longest line, in characters. Default: 110. */
  readonly width?: number;
}

const MARKS: Readonly<Record<StepResult["status"], string>> = { passed: "✓", failed: "✗", skipped: "-" };
const TITLE_WIDTH = 34;
const SHOWN_NOTES = 5;

/**
 * A rehearsal in lines for a terminal: the verdict first, then the steps, then what was found, blocking findings first.
 * Of many notes the first few are shown; blocking findings and warnings are all there.
 */
export function summariseRehearsal(rehearsal: MigrationRehearsal, options: SummaryOptions = {}): string[] {
  const { page, colours = false, repeated = false, steps = true, blocking = true, width = 110 } = options;
  const paint = painter(colours);
  const { findings } = rehearsal;
  const notes = findings.filter(({ severity }) => severity === "note");
  const shown = sortedFindings(findings).filter(
    (finding) => finding.severity !== "note" || notes.indexOf(finding) < SHOWN_NOTES,
  );
  const hidden = findings.length - shown.length;
  return [
    ...wrap(verdictLine(rehearsal), width, "", "  ").map((line) =>
      paint(["bold", rehearsal.verdict === "pass" ? "green" : "red"], line),
    ),
    ...wrap(circumstances(rehearsal), width, "  ", "  "),
    ...(repeated ? wrap(repetition(rehearsal), width, "  ", "  ") : []),
    ...(steps ? rehearsal.steps.flatMap((step) => stepLines(step, width, paint)) : []),
    ...shown
      .filter(({ severity }) => blocking || severity !== "blocking")
      .flatMap((finding) => findingLines(finding, width, paint)),
    ...(hidden > 0 ? [`  and ${counted(hidden, "more note")}${page === undefined ? "" : ", on the page"}`] : []),
    // A path is for copying: it stays in one piece, however long it is.
    ...(page === undefined ? [] : [`  page: ${printable(page)}`]),
  ];
}

/** What was rehearsed on what: releases, snapshot, form and time. */
function circumstances({ outgoing, incoming, snapshot, form, seconds }: MigrationRehearsal): string {
  return (
    `${outgoing ?? "no release"} → ${incoming}, on snapshot ${snapshot.id} of ${snapshot.source} ` +
    `(${moment(snapshot.takenAt)}, ${count(snapshot.rows)} rows), ${form} form, ${duration(seconds)}`
  );
}

function repetition({ startedAt }: MigrationRehearsal): string {
  return `rehearsed already, ${moment(startedAt)}: releases, snapshot, database and settings are the same`;
}

function verdictLine({ verdict, environment, plan, findings }: MigrationRehearsal): string {
  const what = plan.length === 0 ? "no migrations pending" : counted(plan.length, "migration");
  return `Rehearsal for ${environment}: ${verdict === "pass" ? "PASSED" : "FAILED"}; ${what}, ${countFindings(findings)}`;
}

/** A step in a line: its mark, title, time and what it says. */
export function stepLines(step: Omit<StepResult, "id">, width: number, paint: Paint): string[] {
  const time = step.status === "skipped" ? "skipped" : duration(step.seconds);
  const head = `  ${MARKS[step.status]} ${step.title.padEnd(TITLE_WIDTH)} ${time.padStart(9)}`;
  const lines = wrap(step.detail, width, `${head}  `, " ".repeat(8));
  const colour = { passed: "green", failed: "red", skipped: "gray" } as const;
  return lines.map((line, index) =>
    index === 0 ? line.replace(/^ {2}\S/, (m) => paint(colour[step.status], m)) : line,
  );
}
