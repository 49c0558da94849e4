/** Everything that is declared or found of one object: a name for each property, and its value in words. */
export type Flat = ReadonlyMap<string, string>;

/** A property whose declared and found values differ. */
export interface PropertyDifference {
  readonly property: string;
  /** Undefined where nothing is declared. */
  readonly declared: string | undefined;
  /** Undefined where nothing is there. */
  readonly found: string | undefined;
}

type Tree = Readonly<Record<string, unknown>>;

/** What differs between two descriptions, by property; a property that is empty is as one that is not there. */
export function compareFlat(declared: Flat, found: Flat): PropertyDifference[] {
  const properties = [...new Set([...declared.keys(), ...found.keys()])].sort();
  return properties
    .map((property) => ({ property, declared: declared.get(property), found: found.get(property) }))
    .filter((difference) => (difference.declared ?? "") !== (difference.found ?? ""));
}

/** A description from pairs, without those that say nothing. */
export function flat(pairs: Iterable<readonly [property: string, value: unknown]>): Flat {
  const described = new Map<string, string>();
  for (const [property, value] of pairs) {
    const text = words(value);
    if (text !== "") described.set(property, text);
  }
  return described;
}

/** What is set, in words; empty for what a server leaves out or sets to its zero. */
export function words(value: unknown): string {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return "";
  if (Array.isArray(value)) return value.map(words).join(" ");
  if (typeof value === "object") return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A part of a tree; an empty one where it is not there. */
export function part(tree: Tree | undefined, ...keys: readonly string[]): Tree {
  let at: unknown = tree;
  for (const key of keys) at = typeof at === "object" && at !== null ? (at as Tree)[key] : undefined;
  return typeof at === "object" && at !== null && !Array.isArray(at) ? (at as Tree) : {};
}

/** A list in a tree, of trees; empty where it is not there. */
export function list(tree: Tree, key: string): readonly Tree[] {
  const value = tree[key];
  return Array.isArray(value) ? (value as Tree[]) : [];
}

/** `label`, `value` pairs of a declaration, or an engine's map, as properties. */
export function labels(of: unknown, prefix = "label"): [string, unknown][] {
  if (Array.isArray(of)) return (of as Tree[]).map((entry) => [`${prefix} ${words(entry["label"])}`, entry["value"]]);
  return Object.entries(part(of as Tree)).map(([label, value]) => [`${prefix} ${label}`, value]);
}

/** Seconds of a duration: `1m30s`, `500ms`, or an engine's nanoseconds. */
export function seconds(value: unknown): number {
  if (typeof value === "number") return value / 1e9;
  const units: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  let sum = 0;
  for (const [, count = "", unit = ""] of words(value).matchAll(/([\d.]+)(ms|h|m|s)/g)) {
    sum += Number(count) * (units[unit] ?? 0);
  }
  return sum;
}
