import type { Finding } from "../../finding.ts";
import type { VariableNames } from "../context.ts";

/** Variables that one environment is given and another is not: its names alone are compared. */
export function variableFindings(environments: readonly VariableNames[]): Finding[] {
  const settings = [...new Set(environments.flatMap(({ variables }) => Object.keys(variables)))];
  return settings.flatMap((setting) => {
    const names = [...new Set(environments.flatMap(({ variables }) => variables[setting] ?? []))].sort();
    return names.flatMap((name) => {
      const has = environments.filter(({ variables }) => variables[setting]?.includes(name));
      const lacks = environments.filter((environment) => !has.includes(environment));
      return lacks.map((environment) => missing(setting, name, environment.name, has[0]?.name ?? ""));
    });
  });
}

function missing(setting: string, name: string, lacks: string, has: string): Finding {
  return {
    id: "prepare.variable-missing",
    severity: "blocking",
    subject: `${setting}.${name}`,
    cause: `${has} sets ${name}, and ${lacks} does not`,
    consequence: `What works here fails there: the release meets ${lacks} without ${name}, at its start or at its first use.`,
    remedy: `Set rehearsal:${setting}.${name} for ${lacks} too; its value may be another.`,
  };
}
