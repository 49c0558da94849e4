import path from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { type FaultResult, type TestResult, writeResult } from "./results.ts";

/**
 * Keeps what the tests of faults have found, file by file: what an interrupted run has done is kept. A file of which only
 * some tests have run, or that no fault describes, leaves what is kept of it as it is.
 */
export default class FaultReporter implements Reporter {
  public onTestModuleEnd(module: TestModule): void {
    const result = resultOf(module, new Date().toISOString());
    if (result !== undefined) writeResult(path.basename(module.moduleId), result);
  }
}

function resultOf(module: TestModule, takenAt: string): FaultResult | undefined {
  const tests = [...module.children.allTests()];
  const fault = tests.map((test) => test.meta().faultRecord?.fault).find((found) => found !== undefined);
  if (fault === undefined || tests.some((test) => !["passed", "failed"].includes(test.result().state)))
    return undefined;
  return { fault, takenAt, tests: tests.map(testResult) };
}

function testResult(test: TestCase): TestResult {
  const { state, errors } = test.result();
  const { found, named, twinBroke } = test.meta().faultRecord ?? {};
  return {
    title: test.fullName,
    passed: state === "passed",
    seconds: (test.diagnostic()?.duration ?? 0) / 1000,
    record: {
      ...(found === undefined ? {} : { found }),
      ...(named === undefined ? {} : { named }),
      ...(twinBroke === undefined ? {} : { twinBroke }),
    },
    error: errors?.[0]?.message.split("\n")[0] ?? "",
  };
}
