import { setTimeout as sleep } from "node:timers/promises";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { NO_ANSWER } from "./gateway-client.ts";

/** Where more than these had to wait for long, it is the release that is slow. */
const MOST_AGAIN = 3;
/** Until then requests that wait for each other have given up, as most do after half a minute. */
const REST_MILLISECONDS = 35_000;

/** How one check ended. */
export type CheckResult = Pick<Check, "id" | "title" | "cause" | "consequence" | "remedy"> &
  (
    | { readonly state: "passed"; readonly seconds: number; readonly warnings: readonly Finding[] }
    | { readonly state: "not applicable"; readonly reason: string }
    | { readonly state: "failed"; readonly seconds: number; readonly findings: readonly Finding[] }
  );

/** One that failed. */
export type FailedCheck = Extract<CheckResult, { state: "failed" }>;

export function failedOf(results: readonly CheckResult[]): FailedCheck[] {
  return results.flatMap((result) => (result.state === "failed" ? [result] : []));
}

/**
 * Runs checks side by side: all of them, so that one report names everything that is wrong. The few that got no answer in
 * time are tried once more, each by itself: side by side, on a busy machine, one may only have been the last in the queue. Where
 * they are many, one of them tells whether the release answers at all.
 *
 * @param restMilliseconds how long the release is left alone before that one
 */
export async function runChecks(
  checks: readonly Check[],
  environment: DeployedEnvironment,
  restMilliseconds = REST_MILLISECONDS,
): Promise<CheckResult[]> {
  // An object of its own: what an earlier run has read is not taken for what is there now.
  const looked = { ...environment };
  const results = await Promise.all(checks.map(async (check) => await runCheck(check, looked)));
  const late = checks.filter((_check, index) => wasLate(results[index]));
  const [first] = late;
  if (first !== undefined && late.length > MOST_AGAIN) {
    await sleep(restMilliseconds);
    return wasLate(await runCheck(first, { ...environment })) ? results : results.map(heldUp);
  }
  for (const check of late) results[checks.indexOf(check)] = await runCheck(check, { ...environment });
  return results;
}

/** What got no answer beside others, of a release that answers one request at a time. */
function heldUp(result: CheckResult): CheckResult {
  if (result.state !== "failed") return result;
  const findings = result.findings.map((finding) =>
    finding.seen.includes(NO_ANSWER)
      ? {
          ...finding,
          seen: `${finding.seen} beside other requests, although one by itself is answered: requests wait for each other, or for a machine that is too busy`,
        }
      : finding,
  );
  return { ...result, findings };
}

function wasLate(result: CheckResult | undefined): boolean {
  return result?.state === "failed" && result.findings.some(({ seen }) => seen.includes(NO_ANSWER));
}

/** Lines for a person: the check's name, what was expected and seen, and where it failed what that means and what to do. */
export function describeResult(result: CheckResult): string {
  const head = `${result.id} ${result.state}`;
  switch (result.state) {
    case "passed":
      return [`${head}: ${result.title}`, ...result.warnings.map(describeFinding)].join("\n");
    case "not applicable":
      return `${head}: ${result.reason}`;
    case "failed":
      return [
        `${head}: ${result.title}`,
        ...result.findings.map(describeFinding),
        `  cause: ${result.cause}`,
        `  consequence: ${result.consequence}`,
        `  remedy: ${result.remedy}`,
      ].join("\n");
  }
}

function describeFinding({ expected, seen, warning }: Finding): string {
  return `  ${warning === undefined ? "" : "warning: "}expected ${expected}; seen ${seen}`;
}

async function runCheck(check: Check, environment: DeployedEnvironment): Promise<CheckResult> {
  const { id, title, cause, consequence, remedy } = check;
  const about = { id, title, cause, consequence, remedy };
  const reason = check.notApplicable?.(environment);
  if (reason !== undefined) return { ...about, state: "not applicable", reason };
  const started = Date.now();
  const found = await findingsOf(check, environment);
  const seconds = (Date.now() - started) / 1000;
  const silenced = environment.checks.silenced.includes(id);
  const findings = silenced ? found.map((finding) => ({ ...finding, warning: true as const })) : found;
  return findings.every(({ warning }) => warning)
    ? { ...about, state: "passed", seconds, warnings: findings }
    : { ...about, state: "failed", seconds, findings };
}

async function findingsOf(check: Check, environment: DeployedEnvironment): Promise<readonly Finding[]> {
  try {
    return await check.run(environment);
  } catch (error) {
    return [{ expected: check.title, seen: error instanceof Error ? error.message : String(error) }];
  }
}
