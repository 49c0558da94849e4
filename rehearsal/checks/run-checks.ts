import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { NO_ANSWER } from "./gateway-client.ts";

/** Where more than these had to wait for long, it is the release that is slow. */
const MOST_AGAIN = 3;

/** How one check ended. */
export type CheckResult = Pick<Check, "id" | "title" | "cause" | "consequence" | "remedy"> &
  (
    | { readonly state: "passed"; readonly seconds: number; readonly warnings: readonly Finding[] }
    | { readonly state: "not applicable"; readonly reason: string }
    | { readonly state: "failed"; readonly seconds: number; readonly findings: readonly Finding[] }
  );

/**
 * Runs checks side by side: all of them, so that one report names everything that is wrong. The few that got no answer in
 * time are tried once more, each by itself: side by side, on a busy machine, one may only have been the last in the queue.
 */
export async function runChecks(checks: readonly Check[], environment: DeployedEnvironment): Promise<CheckResult[]> {
  // An object of its own: what an earlier run has read is not taken for what is there now.
  const looked = { ...environment };
  const results = await Promise.all(checks.map(async (check) => await runCheck(check, looked)));
  const late = checks.filter((_check, index) => wasLate(results[index]));
  if (late.length > MOST_AGAIN) return results;
  for (const check of late) results[checks.indexOf(check)] = await runCheck(check, { ...environment });
  return results;
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
