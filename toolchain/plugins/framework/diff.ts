import { isDeepStrictEqual } from "node:util";
import type { PropertyChange, PropertySpec, PropertySpecs } from "./provider.ts";
import { containsUnknown, isRecord, type Properties } from "./values.ts";

/**
 * What differs between two sets of checked inputs, one entry per innermost difference. As with the official plugins,
 * an unset value equals its type's empty one (`[]`, `{}`, `""`, 0, false), and an unknown value differs from any.
 */
export function diffInputs(specs: PropertySpecs, olds: Properties, news: Properties): PropertyChange[] {
  const changes: PropertyChange[] = [];
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  for (const key of [...keys].filter((name) => !name.startsWith("__")).sort()) {
    diffValue(changes, specs[key], olds[key], news[key], key, false);
  }
  return changes;
}

/** Whether two values of one property count as equal, by the rules of `diffInputs`. */
export function equalInputs(spec: PropertySpec | undefined, old: unknown, current: unknown): boolean {
  const changes: PropertyChange[] = [];
  diffValue(changes, spec, old, current, "", false);
  return changes.length === 0;
}

/** The first member of a property path. */
export function topLevel(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}

function diffValue(
  changes: PropertyChange[],
  spec: PropertySpec | undefined,
  old: unknown,
  current: unknown,
  path: string,
  inherited: boolean,
): void {
  const replace = inherited || spec?.forceNew === true;
  if (isEmpty(old) && isEmpty(current)) return;
  if (Array.isArray(old) && Array.isArray(current)) {
    if (spec?.set === true && sameMembers(old, current)) return;
    for (let index = 0; index < Math.max(old.length, current.length); index++) {
      diffValue(changes, spec?.items, old[index], current[index], `${path}[${index}]`, replace);
    }
  } else if (isRecord(old) && isRecord(current)) {
    for (const key of new Set([...Object.keys(old), ...Object.keys(current)])) {
      const member = spec?.properties?.[key] ?? spec?.items;
      const added = old[key] === undefined;
      if (spec?.type === "map" && added !== (current[key] === undefined)) {
        // Unlike a member of an object, an empty value in a map is not the same as none.
        changes.push({ path: memberPath(path, key), kind: added ? "add" : "delete", replace });
      } else diffValue(changes, member, old[key], current[key], memberPath(path, key), replace);
    }
  } else if (containsUnknown(current) || !isDeepStrictEqual(old, current)) {
    const kind = isEmpty(old) && old === undefined ? "add" : current === undefined ? "delete" : "update";
    changes.push({ path, kind, replace });
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.keys(value).length === 0;
}

function sameMembers(old: readonly unknown[], current: readonly unknown[]): boolean {
  const left = [...old];
  return (
    old.length === current.length &&
    current.every((member) => {
      const index = left.findIndex((candidate) => isDeepStrictEqual(candidate, member));
      if (index >= 0) left.splice(index, 1);
      return index >= 0;
    })
  );
}

function memberPath(path: string, key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? `${path}.${key}` : `${path}["${key.replaceAll('"', '\\"')}"]`;
}
