import { type CheckFailure, isRecord, type Properties } from "../../framework/provider.ts";
import { parseDuration } from "../durations.ts";

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  "taskSpec.restartPolicy.condition": ["none", "on-failure", "any"],
  "taskSpec.containerSpec.isolation": ["default", "process", "hyperv"],
  "taskSpec.runtime": ["container"],
  "updateConfig.failureAction": ["pause", "continue", "rollback"],
  "updateConfig.order": ["stop-first", "start-first"],
  "rollbackConfig.failureAction": ["pause", "continue"],
  "rollbackConfig.order": ["stop-first", "start-first"],
  "endpointSpec.mode": ["vip", "dnsrr"],
};
const DURATIONS = [
  "taskSpec.containerSpec.stopGracePeriod",
  "taskSpec.containerSpec.healthcheck.interval",
  "taskSpec.containerSpec.healthcheck.timeout",
  "taskSpec.containerSpec.healthcheck.startPeriod",
  "taskSpec.restartPolicy.delay",
  "taskSpec.restartPolicy.window",
  "updateConfig.delay",
  "updateConfig.monitor",
  "rollbackConfig.delay",
  "rollbackConfig.monitor",
  "convergeConfig.delay",
  "convergeConfig.timeout",
];

/** What the general check of names and types does not see. Unknown values of a preview pass. */
export function serviceFailures(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const [property, choices] of Object.entries(CHOICES)) {
    const value = at(inputs, property);
    if (typeof value !== "string" || choices.includes(value)) continue;
    failures.push({ property, reason: `"${property}" must be one of ${choices.join(", ")}; found "${value}"` });
  }
  for (const property of DURATIONS) {
    const value = at(inputs, property);
    if (typeof value !== "string" || parseDuration(value) !== undefined) continue;
    failures.push({ property, reason: `"${property}" must be a duration such as "1m30s"; found "${value}"` });
  }
  for (const property of ["updateConfig.maxFailureRatio", "rollbackConfig.maxFailureRatio"]) {
    const value = at(inputs, property);
    if (typeof value !== "string" || (Number(value) >= 0 && Number(value) <= 1)) continue;
    failures.push({ property, reason: `"${property}" must be a ratio from 0.0 to 1.0; found "${value}"` });
  }
  if (at(inputs, "mode.global") === true) {
    for (const property of ["mode.replicated", "convergeConfig"].filter((name) => at(inputs, name) !== undefined)) {
      failures.push({ property, reason: `"${property}" conflicts with "mode.global": leave out one of them` });
    }
  }
  return failures;
}

/** Whether a service runs once on each node. */
export function isGlobal(inputs: Properties): boolean {
  return at(inputs, "mode.global") === true;
}

function at(inputs: Properties, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), inputs);
}
