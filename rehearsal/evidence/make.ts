import type { RunResult } from "../run/run-result.ts";
import type { EvidenceRecord } from "./record.ts";

/**
 * The record of a run, where it may have one: every step passed or found nothing to look at, and nothing was left out
 * that evidence needs.
 *
 * @returns the record, or why there is none
 */
export function evidenceOf(result: RunResult): EvidenceRecord | { readonly none: string } {
  const { subject, environment, release, startedAt, seconds, steps, leftOut = [] } = result;
  if (subject === undefined) return { none: "the run does not say what it was about" };
  const failed = steps.filter(({ status }) => status === "failed");
  if (result.verdict !== "pass" || failed.length > 0) {
    return { none: `${failed.map(({ id }) => id).join(", ")} did not pass` };
  }
  const needed = leftOut.filter(({ required }) => required);
  if (needed.length > 0) return { none: `${needed.map(({ part }) => part).join(", ")} did not run; --all runs all` };
  if (!steps.some(({ status }) => status === "passed")) return { none: "no step found anything to look at" };
  const { stack, images, snapshot, migrations, settings, git, by } = subject;
  return {
    version: 1,
    stack,
    environment,
    release,
    images: { ...images },
    snapshot,
    migrations: [...migrations],
    settings,
    steps: steps.map(({ id, status, seconds: took, detail, findings }) => ({
      id,
      status,
      seconds: took,
      detail,
      warnings: findings.filter(({ severity }) => severity === "warning").length,
    })),
    leftOut: leftOut.map(({ part }) => part),
    startedAt,
    finishedAt: new Date(Date.parse(startedAt) + seconds * 1000).toISOString(),
    by,
    git,
  };
}
