import { styleText } from "node:util";
import type { Finding, Severity } from "../finding.ts";
import { counted } from "./format.ts";
import { printable } from "./html.ts";

/** The order in which people must read them. */
const SEVERITIES: readonly Severity[] = ["blocking", "warning", "note"];

/** Rows of one text: a cause that quotes a whole traceback is read on the page. */
const LONGEST_TEXT = 5;

/** Gives a text the looks of a terminal, or leaves it as it is. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;

/** Paints for a terminal where `colours` is true. */
export function painter(colours: boolean): Paint {
  return (format, text) => (colours ? styleText(format, text, { validateStream: false }) : text);
}

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

/** A finding in plain lines, as the summary shows it. */
export function describeFinding(finding: Finding, width = 110): string[] {
  return findingLines(finding, width, (_format, text) => text);
}

/** A finding in lines: its place, cause, consequence and remedy. */
export function findingLines(finding: Finding, width: number, paint: Paint): string[] {
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
export function wrap(text: string, width: number, first: string, rest: string): string[] {
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
