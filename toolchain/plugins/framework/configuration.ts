import { checkProperties, type Subject } from "./check.ts";
import type { CheckResult, PropertySpecs } from "./provider.ts";
import { decode, type Properties } from "./values.ts";

// Given to every provider by the engine itself.
const ENGINE_KEYS = ["version", "pluginDownloadURL"];

/** The configuration as plain values. Programs send all but strings as JSON text, and the engine all of it as strings. */
export function configurationFrom(subject: Subject, specs: PropertySpecs, args: Properties): CheckResult {
  const decoded = Object.entries(args)
    .filter(([key]) => !ENGINE_KEYS.includes(key))
    .map(([key, value]) => [key, specs[key]?.type === "string" ? value : parsed(value)] as const);
  return checkProperties(subject, specs, Object.fromEntries(decoded));
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (value === "") return undefined;
  try {
    return decode(JSON.parse(value));
  } catch {
    return value;
  }
}
