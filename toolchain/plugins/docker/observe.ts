import { isDeepStrictEqual } from "node:util";
import { isRecord, type Properties, type PropertySpecs } from "../framework/provider.ts";
import { parseDuration } from "./durations.ts";
import type { DockerSpec } from "./specs.ts";

/**
 * Inputs after a refresh: what was declared, in its own spelling and order, wherever the engine has just that, and what
 * the engine has where it differs. Both stand in the shape of the specification. What was not declared appears only
 * where the engine has something other than the default, and never where the engine chooses it (`computedIfUnset`).
 * Properties that `live` lacks altogether cannot be read back: they stay as declared.
 */
export function observe(specs: PropertySpecs, declared: Properties, live: Properties): Properties {
  const result: Properties = { ...declared };
  for (const [key, value] of Object.entries(live)) {
    const spec = specs[key];
    if (spec === undefined) throw new Error(`Nothing is specified for the property "${key}" that was read`);
    if (spec.computed === true || (spec.computedIfUnset === true && declared[key] === undefined)) continue;
    const settled = settle(spec, declared[key], value);
    if (settled === undefined) Reflect.deleteProperty(result, key);
    else result[key] = settled;
  }
  return result;
}

/** The declared value if the live one means the same, else the live one with its equal parts as declared. */
function settle(spec: DockerSpec, declared: unknown, live: unknown): unknown {
  if (meansSame(spec, declared, live)) return declared;
  if (Array.isArray(live)) return settleList(spec, Array.isArray(declared) ? (declared as unknown[]) : [], live);
  if (!isRecord(live) || spec.type === "map") return live;
  const before = isRecord(declared) ? declared : {};
  const result: Properties = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(live)])) {
    const member = spec.properties?.[key] ?? spec.items;
    if (member === undefined) continue;
    // Of a part that was not declared at all, all is shown.
    if (member.computedIfUnset === true && isRecord(declared) && before[key] === undefined) continue;
    const settled = settle(member, before[key], live[key]);
    if (settled !== undefined) result[key] = settled;
  }
  return result;
}

function settleList(spec: DockerSpec, declared: readonly unknown[], live: readonly unknown[]): unknown[] {
  const items = spec.items ?? { type: "any" };
  if (spec.set !== true) return live.map((item, index) => settle(items, declared[index], item));
  const left = [...live];
  const kept = declared.filter((item) => {
    const index = left.findIndex((candidate) => meansSame(items, item, candidate));
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  });
  return [...kept, ...left.map((item) => settle(items, undefined, item))];
}

/** Whether two values of one property have the same effect: unset equals default and empty, sets have no order. */
function meansSame(spec: DockerSpec, declared: unknown, live: unknown): boolean {
  const left = meaning(spec, declared);
  const right = meaning(spec, live, declared);
  return isDeepStrictEqual(left, right);
}

function meaning(spec: DockerSpec, value: unknown, declared: unknown = value): unknown {
  const given = value ?? spec.default;
  switch (spec.type) {
    case "object": {
      const members = isRecord(given) ? given : {};
      const before = isRecord(declared) ? declared : {};
      const entries = Object.entries(spec.properties ?? {})
        .filter(([key, member]) => member.computedIfUnset !== true || before[key] !== undefined)
        .map(([key, member]) => [key, meaning(member, members[key], before[key] ?? members[key])] as const);
      return prune(Object.fromEntries(entries));
    }
    case "map": {
      const { items } = spec;
      if (!isRecord(given) || items === undefined) return prune(given);
      // In a map, an empty value is a value: `A=""` is not the same as no A.
      return prune(Object.fromEntries(Object.entries(given).map(([key, item]) => [key, String(item)])), false);
    }
    case "array": {
      const { items } = spec;
      if (!Array.isArray(given) || items === undefined) return prune(given);
      const before: readonly unknown[] = Array.isArray(declared) ? declared : [];
      const template = spec.set === true ? undefined : before;
      const meanings = given.map((item: unknown, index) => meaning(items, item, template?.[index] ?? item));
      if (spec.set === true) meanings.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      return meanings.length === 0 ? undefined : meanings;
    }
    case "string":
      if (typeof given !== "string" || given === "") return prune(given);
      if (spec.form === "duration") return prune(parseDuration(given) ?? given);
      return prune(spec.form === "decimal" ? Number(given) : given);
    default:
      return prune(given);
  }
}

function prune(value: unknown, members = true): unknown {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return undefined;
  if (!isRecord(value)) return value;
  const entries = Object.entries(value)
    .filter(([, member]) => !members || member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
