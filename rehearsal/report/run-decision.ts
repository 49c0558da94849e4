import type { RunComparison } from "../run/comparison.ts";
import type { LeftOut, RunResult } from "../run/run-result.ts";
import { counted } from "./format.ts";

/** What a report of a run is made from. */
export interface RunReport {
  readonly result: RunResult;
  /** Undefined where no release was rehearsed here before. */
  readonly comparison: RunComparison | undefined;
  /** Name of the file with the evidence, or why there is none. */
  readonly evidence: { readonly file: string } | { readonly none: string };
}

/** The verdict as one sentence. */
export function runHeadline({ verdict, release }: RunResult): string {
  return verdict === "pass"
    ? `Passed: nothing found stops release ${release}`
    : `Stopped: release ${release} must not go to production`;
}

/** What two people have to weigh before they approve, a sentence each, the weightiest first. */
export function decisionPoints({ result, comparison, evidence }: RunReport): string[] {
  const { steps, subject, leftOut = [] } = result;
  const findings = steps.flatMap((step) => step.findings);
  const blocking = findings.filter(({ severity }) => severity === "blocking").length;
  const warnings = findings.filter(({ severity }) => severity === "warning");
  const skipped = steps.filter(({ status }) => status === "skipped");
  return [
    ...(blocking > 0 ? [`Do not approve: ${counted(blocking, "finding")} would do harm in production.`] : []),
    ...("none" in evidence ? [`There is no evidence for a release gate: ${evidence.none}.`] : []),
    ...warnings.map(({ subject: what, cause }) => `Decide on the warning about ${what}: ${cause}`),
    ...leftOut.map(leftOutWords),
    ...skipped.map(({ title, detail }) => `Not looked at: ${title}; ${detail}.`),
    ...(subject?.git?.changed === true
      ? [`The sources differ from commit ${subject.git.commit.slice(0, 12)}: nobody can review them there.`]
      : []),
    ...(comparison === undefined ? ["There is no release before to compare with on this machine."] : []),
  ];
}

/** A part that did not run, in a sentence. */
export function leftOutWords({ title, reason, next, required }: LeftOut): string {
  const why = reason === "calendar" ? `the calendar has it next on ${next ?? "no day"}` : "it was not chosen";
  return `Not run: ${title}; ${why}${required ? "; evidence needs it" : ""}.`;
}
