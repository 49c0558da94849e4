import { randomBytes } from "node:crypto";
import { standInRemedy } from "./errors.ts";
import type { CheckFailure, CheckResult, PropertySpec, PropertySpecs } from "./provider.ts";
import { isRecord, type Properties, Secret, UNKNOWN } from "./values.ts";

/** Lists the properties that the plugin, not the program, has given a value; the engine does not display it. */
export const DEFAULTS_KEY = "__defaults";

/** Whose properties are checked; for messages. */
export interface Subject {
  readonly plugin: string;
  readonly version: string;
  /** For example `the resource type docker:index/volume:Volume`. */
  readonly what: string;
}

/**
 * Checks properties against their specification: unknown, unsupported and output-only names are refused, types are
 * coerced as the official plugins do ("5" for 5), defaults filled in. Failures carry the property's path.
 */
export function checkProperties(subject: Subject, specs: PropertySpecs, values: Properties): CheckResult {
  const failures: CheckFailure[] = [];
  const inputs = checkObject({ subject, failures }, specs, values, "");
  return { inputs, failures };
}

/** Fills the name property where the program left it unset: the old generated name, or a new one. Notes it in `__defaults`. */
export function fillAutoName(
  property: string | undefined,
  inputs: Properties,
  oldInputs: Properties,
  name: string,
  seed: Uint8Array,
): Properties {
  if (property === undefined || inputs[property] !== undefined) return inputs;
  const old = defaultsOf(oldInputs).includes(property) ? oldInputs[property] : undefined;
  const suffix = Buffer.from(seed.length >= 4 ? seed : randomBytes(4))
    .toString("hex")
    .slice(0, 7);
  return { ...inputs, [property]: old ?? `${name}-${suffix}`, [DEFAULTS_KEY]: [property] };
}

/** The names in `__defaults`. */
export function defaultsOf(inputs: Properties): readonly unknown[] {
  const defaults = inputs[DEFAULTS_KEY];
  return Array.isArray(defaults) ? defaults : [];
}

/** The properties without those that are the framework's own. */
export function withoutInternal(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => !key.startsWith("__")));
}

/** Wraps each value whose specification says that it is secret. */
export function markSecrets(specs: PropertySpecs, properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, markSecret(specs[key], value)]));
}

interface Walk {
  readonly subject: Subject;
  readonly failures: CheckFailure[];
}

function checkObject(walk: Walk, specs: PropertySpecs, values: Properties, prefix: string): Properties {
  const result: Properties = {};
  for (const [key, value] of Object.entries(values)) {
    if (key.startsWith("__") || value === undefined || value === null) continue;
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const spec = specs[key];
    if (spec === undefined || spec.unsupported === true) refuse(walk, path);
    else if (spec.computed === true)
      fail(walk, path, `"${path}" is an output of ${walk.subject.what}: it cannot be set`);
    else result[key] = checkValue(walk, spec, value, path);
  }
  for (const [key, spec] of Object.entries(specs)) {
    if (result[key] !== undefined) continue;
    if (spec.default !== undefined) result[key] = structuredClone(spec.default);
    else if (spec.required === true && (values[key] === undefined || values[key] === null)) {
      const path = prefix === "" ? key : `${prefix}.${key}`;
      fail(walk, path, `Missing required property "${path}" of ${walk.subject.what}`);
    }
  }
  return result;
}

function checkValue(walk: Walk, spec: PropertySpec, value: unknown, path: string): unknown {
  if (value === UNKNOWN || spec.type === "any") return value;
  const items = spec.items;
  switch (spec.type) {
    case "array":
      if (!Array.isArray(value)) return mismatch(walk, spec, value, path);
      if (items === undefined) return value;
      return value.map((item, index) => checkValue(walk, items, item, `${path}[${index}]`));
    case "map":
      if (!isRecord(value)) return mismatch(walk, spec, value, path);
      if (items === undefined) return value;
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, checkValue(walk, items, item, `${path}["${key}"]`)]),
      );
    case "object":
      if (!isRecord(value)) return mismatch(walk, spec, value, path);
      return spec.properties === undefined ? value : checkObject(walk, spec.properties, value, path);
    case "string":
      if (typeof value === "string") return value;
      if (typeof value === "number" || typeof value === "boolean") return String(value);
      return mismatch(walk, spec, value, path);
    case "number":
      if (typeof value === "number") return value;
      if (typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value))) return Number(value);
      return mismatch(walk, spec, value, path);
    case "boolean":
      if (typeof value === "boolean") return value;
      if (value === "true" || value === "false") return value === "true";
      return mismatch(walk, spec, value, path);
  }
}

function markSecret(spec: PropertySpec | undefined, value: unknown): unknown {
  if (spec === undefined || value === undefined) return value;
  if (spec.secret === true) return value instanceof Secret ? value : new Secret(value);
  const { items, properties } = spec;
  if (properties !== undefined && isRecord(value)) return markSecrets(properties, value);
  if (items === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => markSecret(items, item));
  if (isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markSecret(items, item)]));
  }
  return value;
}

function refuse(walk: Walk, path: string): void {
  const { plugin, version, what } = walk.subject;
  fail(walk, path, `The property "${path}" of ${what} is not supported here. ${standInRemedy(plugin, version)}`);
}

// The value itself is not shown: it may be a secret.
function mismatch(walk: Walk, spec: PropertySpec, value: unknown, path: string): unknown {
  const found = Array.isArray(value) ? "array" : typeof value;
  fail(walk, path, `The property "${path}" of ${walk.subject.what} must be of type ${spec.type}; found ${found}`);
  return undefined;
}

function fail(walk: Walk, property: string, reason: string): void {
  walk.failures.push({ property, reason });
}
