import { styleText } from "node:util";
import type { Finding, MigrationRehearsal, Severity, StepResult } from "../migration/result.ts";
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
  /** Longest line, in characters. Default: 110. */
  readonly width?: number;
}

/** The order in which people must read them. */
const SEVERITIES: readonly Severity[] = ["blocking", "warning", "note"];

const MARKS: Readonly<Record<StepResult["status"], string>> = { passed: "✓", failed: "✗", skipped: "-" };
const TITLE_WIDTH = 34;
/** Rows of one text: a cause that quotes a whole traceback is read on the page. */
const LONGEST_TEXT = 5;
const SHOWN_NOTES = 5;

/**
 * A rehearsal in lines for a terminal: the verdict first, then the steps, then what was found, blocking findings first.
 * Of many notes the first few are shown; blocking findings and warnings are all there.
 */
export function summariseRehearsal(rehearsal: MigrationRehearsal, options: SummaryOptions = {}): string[] {
  const { page, colours = false, steps = true, width = 110 } = options;
  const paint: Paint = (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text);
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
    ...(steps ? rehearsal.steps.flatMap((step) => stepLines(step, width, paint)) : []),
    ...shown.flatMap((finding) => findingLines(finding, width, paint)),
    ...(hidden > 0 ? [`  and ${counted(hidden, "more note")}${page === undefined ? "" : ", on the page"}`] : []),
    // A path is for copying: it stays in one piece, however long it is.
    ...(page === undefined ? [] : [`  page: ${printable(page)}`]),
  ];
}

type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Blocking findings first, otherwise in the order in which they were made. */
export function sortedFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity));
}

/** How many findings there are of each severity, in words; `nothing found` for none. */
export function countFindings(findings: readonly Finding[]): string {
  const words = SEVERITIES.map((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    if (number === 0) return "";
    return severity === "blocking" ? counted(number, "blocking finding") : counted(number, severity);
  }).filter((word) => word !== "");
  return words.length === 0 ? "nothing found" : words.join(", ");
}

/** What was rehearsed on what: releases, snapshot, form and time. */
function circumstances({ outgoing, incoming, snapshot, form, seconds }: MigrationRehearsal): string {
  return (
    `${outgoing ?? "no release"} → ${incoming}, on snapshot ${snapshot.id} of ${snapshot.source} ` +
    `(${moment(snapshot.takenAt)}, ${count(snapshot.rows)} rows), ${form} form, ${duration(seconds)}`
  );
}

function verdictLine({ verdict, environment, plan, findings }: MigrationRehearsal): string {
  const what = plan.length === 0 ? "no migrations pending" : counted(plan.length, "migration");
  return `Rehearsal for ${environment}: ${verdict === "pass" ? "PASSED" : "FAILED"}; ${what}, ${countFindings(findings)}`;
}

function stepLines(step: StepResult, width: number, paint: Paint): string[] {
  const time = step.status === "skipped" ? "skipped" : duration(step.seconds);
  const head = `  ${MARKS[step.status]} ${step.title.padEnd(TITLE_WIDTH)} ${time.padStart(9)}`;
  const lines = wrap(step.detail, width, `${head}  `, " ".repeat(8));
  const colour = { passed: "green", failed: "red", skipped: "gray" } as const;
  return lines.map((line, index) =>
    index === 0 ? line.replace(/^ {2}\S/, (m) => paint(colour[step.status], m)) : line,
  );
}

/** A finding in plain lines, as the summary shows it. */
export function describeFinding(finding: Finding, width = 110): string[] {
  return findingLines(finding, width, (_format, text) => text);
}

function findingLines(finding: Finding, width: number, paint: Paint): string[] {
  const { severity, migration, subject, id } = finding;
  const place = migration === undefined ? subject : `${migration}: ${subject}`;
  const head = wrap(`${severity.toUpperCase()} ${place} [${id}]`, width, "  ", "    ");
  const colour = { blocking: "red", warning: "yellow", note: "cyan" } as const;
  return [
    ...head.map((line) => paint(["bold", colour[severity]], line)),
    ...wrap(finding.cause, width, "    cause   ", " ".repeat(12)),
    ...wrap(finding.consequence, width, "    then    ", " ".repeat(12)),
    ...wrap(finding.remedy, width, "    remedy  ", " ".repeat(12)),
  ];
}

/** Breaks a text at spaces into lines; a word that is longer than a line is broken too. */
function wrap(text: string, width: number, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of printable(text).split(/\s+/).filter(Boolean)) {
    let left = word;
    if (!empty && line.length + 1 + left.length > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    while (line.length + left.length > width && empty && width > line.length) {
      const room = width - line.length;
      lines.push(line + left.slice(0, room));
      left = left.slice(room);
      line = rest;
    }
    line += empty ? left : ` ${left}`;
    empty = false;
  }
  lines.push(line.trimEnd());
  if (lines.length <= LONGEST_TEXT) return lines;
  return [...lines.slice(0, LONGEST_TEXT - 1), `${lines[LONGEST_TEXT - 1]?.slice(0, width - 2) ?? ""} …`];
}
