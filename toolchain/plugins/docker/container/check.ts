import type { CheckFailure, Properties } from "../../framework/provider.ts";
import { isRecord } from "../../framework/provider.ts";
import { parseDuration } from "../durations.ts";

const RESTART = ["no", "on-failure", "always", "unless-stopped"];

/** What the general check of names and types does not see. Unknown values of a preview pass. */
export function containerFailures(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const expect = (property: string, value: unknown, rule: string, holds: (value: string) => boolean): void => {
    if (typeof value !== "string" || holds(value)) return;
    failures.push({ property, reason: `"${property}" must be ${rule}; found "${value}"` });
  };
  expect("restart", inputs["restart"], `one of ${RESTART.join(", ")}`, (value) => RESTART.includes(value));
  expect("cpuSet", inputs["cpuSet"], `a list of CPUs such as "0-1" or "0,2"`, (value) => /^\d+([,-]\d+)*$/.test(value));
  expect("cpus", inputs["cpus"], `a number of CPUs such as "1.5"`, (value) => Number(value) > 0);
  const health = inputs["healthcheck"];
  if (isRecord(health)) {
    for (const key of ["interval", "timeout", "startPeriod", "startInterval"]) {
      expect(
        `healthcheck.${key}`,
        health[key],
        `a duration such as "1m30s"`,
        (value) => parseDuration(value) !== undefined,
      );
    }
  }
  const { command } = inputs;
  if (Array.isArray(command) && command.includes("")) {
    failures.push({ property: "command", reason: `"command" must not contain empty arguments` });
  }
  return failures;
}
