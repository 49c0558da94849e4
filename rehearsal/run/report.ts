import path from "node:path";
import { countFindings, findingLines, painter, sortedFindings, wrap } from "../report/finding-lines.ts";
import { counted, duration } from "../report/format.ts";
import { printable } from "../report/html.ts";
import { replaceFile } from "../report/replace-file.ts";
import { leftOutWords, type RunReport } from "../report/run-decision.ts";
import { runMarkdown } from "../report/run-markdown.ts";
import { runPage } from "../report/run-page.ts";
import { stepLines } from "../report/summary.ts";
import type { RunStepResult } from "./run-result.ts";

const WIDTH = 110;
const SHOWN_NOTES = 5;

/** Where the parts of a report are. */
export interface ReportFiles {
  readonly page: string;
  readonly markdown: string;
  readonly json: string;
}

/** Writes a report as `rehearsal-<environment>-<time>`: a page, Markdown for a pull request, and JSON. */
export async function writeRun(report: RunReport, folder: string): Promise<ReportFiles> {
  const { startedAt, environment } = report.result;
  const time = startedAt.replaceAll(/[-:]/g, "").replace(/\.\d+/, "");
  const name = path.join(folder, `rehearsal-${environment}-${time}`.replaceAll(/[^\w.-]/g, "-"));
  const files = { page: `${name}.html`, markdown: `${name}.md`, json: `${name}.json` };
  await replaceFile(files.page, runPage(report));
  await replaceFile(files.markdown, runMarkdown(report));
  // Last: whoever finds the JSON finds the others as well.
  await replaceFile(files.json, `${JSON.stringify(report.result, null, 2)}\n`);
  return files;
}

/** A step that has just ended, in lines for a terminal. */
export function describeStep(step: RunStepResult, colours: boolean): string[] {
  return stepLines(step, WIDTH, painter(colours));
}

/** A run in lines for a terminal, its steps having been told: the verdict, then what was found, what blocks first. */
export function summariseRun(report: RunReport, files: ReportFiles, colours: boolean): string[] {
  const { result, evidence } = report;
  const paint = painter(colours);
  const findings = result.steps.flatMap((step) => step.findings);
  const notes = findings.filter(({ severity }) => severity === "note");
  const shown = sortedFindings(findings).filter(
    (finding) => finding.severity !== "note" || notes.indexOf(finding) < SHOWN_NOTES,
  );
  const hidden = findings.length - shown.length;
  const passed = result.verdict === "pass";
  const verdict =
    `Rehearsal of ${result.environment}: ${passed ? "PASSED" : "STOPPED"}; release ${result.release}, ` +
    `${countFindings(findings)}, ${duration(result.seconds)}`;
  return [
    ...wrap(verdict, WIDTH, "", "  ").map((line) => paint(["bold", passed ? "green" : "red"], line)),
    ...shown.flatMap((finding) => findingLines(finding, WIDTH, paint)),
    ...(hidden > 0 ? [`  and ${counted(hidden, "more note")}, in the report`] : []),
    ...(result.leftOut ?? []).flatMap((part) => wrap(leftOutWords(part), WIDTH, "  ", "    ")),
    ...("file" in evidence
      ? [`  evidence: ${printable(evidence.file)}`]
      : wrap(`no evidence: ${evidence.none}`, WIDTH, "  ", "    ")),
    `  report: ${printable(files.page)}`,
  ];
}
