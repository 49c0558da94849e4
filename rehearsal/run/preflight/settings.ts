import type { Finding } from "../../finding.ts";
import type { VariableNames } from "../context.ts";
import type { WrongSetting } from "./production.ts";

/** Settings with which production's deployment is refused. */
export function settingFindings(stack: string, faults: readonly WrongSetting[]): Finding[] {
  return faults.map(({ path, rule, found, remedy }) => ({
    id: "preflight.setting",
    severity: "blocking",
    subject: `${stack}, ${path}`,
    cause: `it must be ${rule}; found ${found}`,
    consequence: `The deployment of ${stack} is refused, or what this setting is for does not work there.`,
    remedy,
  }));
}

/** Variables that the rehearsed environment is given and production is not: their names alone are compared. */
export function parityFindings(here: VariableNames, there: VariableNames): Finding[] {
  return Object.entries(here.variables).flatMap(([setting, names]) =>
    names
      .filter((name) => there.variables[setting]?.includes(name) !== true)
      .map((name) => ({
        id: "preflight.variable-missing",
        severity: "blocking" as const,
        subject: `${there.name}, ${setting}.${name}`,
        cause: `${here.name} sets ${name}, and ${there.name} does not`,
        consequence: `The release works where it was rehearsed, and fails in ${there.name} at its start or where it first needs ${name}.`,
        remedy: `Set rehearsal:${setting}.${name} for ${there.name} too; its value may be another.`,
      })),
  );
}
