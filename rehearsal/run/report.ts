import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { countFindings, findingLines, painter, sortedFindings, wrap } from "../report/finding-lines.ts";
import { counted, duration } from "../report/format.ts";
import { printable } from "../report/html.ts";
import { stepLines } from "../report/summary.ts";
import type { RunResult, RunStepResult } from "./run-result.ts";

const WIDTH = 110;
const SHOWN_NOTES = 5;

/** Writes the result as `rehearsal-<environment>-<time>.json` and gives the path. */
export async function writeRun(result: RunResult, folder: string): Promise<string> {
  const time = result.startedAt.replaceAll(/[-:]/g, "").replace(/\.\d+/, "");
  const file = path.join(folder, `rehearsal-${result.environment}-${time}.json`.replaceAll(/[^\w.-]/g, "-"));
  await mkdir(folder, { recursive: true });
  // Written beside and renamed: whatever is killed, the file is whole or not there.
  const beside = `${file}.${process.pid}.new`;
  await writeFile(beside, `${JSON.stringify(result, null, 2)}\n`);
  await rename(beside, file);
  return file;
}

/** A step that has just ended, in lines for a terminal. */
export function describeStep(step: RunStepResult, colours: boolean): string[] {
  return stepLines(step, WIDTH, painter(colours));
}

/** A run in lines for a terminal, its steps having been told: the verdict, then what was found, what blocks first. */
export function summariseRun(result: RunResult, file: string, colours: boolean): string[] {
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
    `  report: ${printable(file)}`,
  ];
}
