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

/** A number as settings and `int()` or `float()` take it. */
const NUMBER = /^[+-]?\d+(?:_\d+)*(?:\.\d+)?$/;

/**
 * Values in clear of another form than the rehearsed ones: code that reads a number fails on what is none, in production
 * alone.
 *
 * @param names of the variables that settings give
 */
export function formFindings(
  stack: string,
  names: readonly string[],
  here: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): Finding[] {
  return [...new Set(names)].flatMap((name) => {
    const [rehearsed = "", given] = [here[name]?.trim(), there[name]?.trim()];
    const what = NUMBER.test(rehearsed) ? "a number" : isJson(rehearsed) ? "JSON" : undefined;
    if (given === undefined || what === undefined || NUMBER.test(given) || isJson(given)) return [];
    return [
      {
        id: "preflight.variable-form",
        // A word may be meant: "none", "unlimited".
        severity: what === "JSON" || /\d/.test(given) ? "blocking" : "warning",
        subject: `${stack}, variable ${name}`,
        cause: `it is ${what} where the release was rehearsed (${shown(rehearsed)}), and in ${stack} it is not (${shown(given)})`,
        consequence: `Code that reads it so fails in ${stack} alone, where it first does.`,
        remedy: `Write it in ${stack} as it was rehearsed: without separators, units or quotes that the code does not take away.`,
      },
    ];
  });
}

const NO = /^(?:false|no|off|0|n|f)$/i;

/**
 * Switches that are off by their variable and on by what the code makes of it.
 *
 * @param names of variables that say no in the other environment, and whose setting is true there
 */
export function takenForTrueFindings(
  stack: string,
  names: readonly string[],
  here: Readonly<Record<string, string>>,
  there: Readonly<Record<string, string>>,
): Finding[] {
  return names
    .filter((name) => !NO.test((here[name] ?? "").trim()))
    .map((name) => ({
      id: "preflight.taken-for-true",
      severity: "blocking",
      subject: `${stack}, variable ${name}`,
      cause: `it is ${shown(there[name] ?? "")}, and the setting of that name is on all the same: the code takes the text for true (where the release was rehearsed the variable is ${shown(here[name] ?? "")})`,
      consequence: `What it was to switch off is on in ${stack}, and there alone.`,
      remedy: `Have the code compare the text (value.lower() in ("1", "true", "yes", "on")), or leave the variable empty.`,
    }));
}

function isJson(value: string): boolean {
  if (!/^[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function shown(value: string): string {
  return `"${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`;
}
