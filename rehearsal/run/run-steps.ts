import { stops, withDecisions } from "../accepted.ts";
import type { Finding } from "../finding.ts";
import type { RunContext } from "./context.ts";
import type { RunResult, RunStepResult } from "./run-result.ts";
import type { RunStep } from "./step.ts";

/** Told when a step begins and how it ended. */
export interface RunProgress {
  readonly begins: (step: RunStep) => void;
  readonly ended: (result: RunStepResult) => void;
}

/**
 * Runs steps in their order. One that fails does not keep the others from running: one report names all that is wrong.
 *
 * @throws Error when the run was aborted
 */
export async function runSteps(
  steps: readonly RunStep[],
  context: RunContext,
  progress: RunProgress,
): Promise<RunResult> {
  const startedAt = new Date();
  const results: RunStepResult[] = [];
  for (const step of steps) {
    context.signal.throwIfAborted();
    progress.begins(step);
    const result = await runStep(step, context);
    context.signal.throwIfAborted();
    results.push(result);
    progress.ended(result);
  }
  return {
    version: 1,
    environment: context.environment,
    release: context.release,
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    verdict: results.every(({ status }) => status !== "failed") ? "pass" : "stop",
    steps: results,
  };
}

async function runStep(step: RunStep, context: RunContext): Promise<RunStepResult> {
  const started = performance.now();
  const { id, title } = step;
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const { detail, findings: found, skipped, figures } = await step.run(context);
    const findings = withDecisions(found, context.accepted);
    if (skipped !== undefined) return { id, title, status: "skipped", seconds: seconds(), detail: skipped, findings };
    const ended = {
      id,
      title,
      status: stops(findings) ? ("failed" as const) : ("passed" as const),
      seconds: seconds(),
      detail,
    };
    return { ...ended, findings, ...(figures === undefined ? {} : { figures }) };
  } catch (error) {
    context.signal.throwIfAborted();
    const finding = undoneFinding(step, error);
    return { id, title, status: "failed", seconds: seconds(), detail: "could not be done", findings: [finding] };
  }
}

/** A step that cannot be done has not passed: what it would have found is not known. */
function undoneFinding({ id, title }: RunStep, error: unknown): Finding {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  return {
    id: `${id}.not-done`,
    severity: "blocking",
    subject: title,
    cause: lines[0] ?? "",
    consequence: "What this step would have found is not known.",
    remedy: "Mend what stands above and rehearse again.",
    evidence: lines,
  };
}
