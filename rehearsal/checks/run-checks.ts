import type { Check, DeployedEnvironment, Finding } from "./check.ts";

/** How one check ended. */
export type CheckResult = {
  readonly id: string;
  readonly title: string;
  readonly remedy: string;
} & (
  | { readonly state: "passed"; readonly seconds: number }
  | { readonly state: "not applicable"; readonly reason: string }
  | { readonly state: "failed"; readonly findings: readonly Finding[] }
);

/** Runs checks side by side: all of them, so that one report names everything that is wrong. */
export async function runChecks(checks: readonly Check[], environment: DeployedEnvironment): Promise<CheckResult[]> {
  return await Promise.all(checks.map(async (check) => await runCheck(check, environment)));
}

/** A line for a person: the check's name, and what was expected and seen where it failed. */
export function describeResult(result: CheckResult): string {
  const head = `${result.id} ${result.state}`;
  switch (result.state) {
    case "passed":
      return `${head}: ${result.title}`;
    case "not applicable":
      return `${head}: ${result.reason}`;
    case "failed": {
      const findings = result.findings.map(({ expected, seen }) => `  expected ${expected}; seen ${seen}`);
      return [`${head}: ${result.title}`, ...findings, `  ${result.remedy}`].join("\n");
    }
  }
}

async function runCheck(check: Check, environment: DeployedEnvironment): Promise<CheckResult> {
  const { id, title, remedy } = check;
  const reason = check.notApplicable?.(environment);
  if (reason !== undefined) return { id, title, remedy, state: "not applicable", reason };
  const started = Date.now();
  const findings = await findingsOf(check, environment);
  return findings.length === 0
    ? { id, title, remedy, state: "passed", seconds: (Date.now() - started) / 1000 }
    : { id, title, remedy, state: "failed", findings };
}

async function findingsOf(check: Check, environment: DeployedEnvironment): Promise<readonly Finding[]> {
  try {
    return await check.run(environment);
  } catch (error) {
    return [{ expected: check.title, seen: error instanceof Error ? error.message : String(error) }];
  }
}
