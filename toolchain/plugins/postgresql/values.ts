import type { Properties } from "../framework/provider.ts";

/** The property as a string; "" where it is unset. */
export function text(properties: Properties, name: string): string {
  const value = properties[name];
  return typeof value === "string" ? value : "";
}

/** The property as a list of strings; empty where it is unset. */
export function texts(properties: Properties, name: string): string[] {
  const value = properties[name];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The property as a whole number. */
export function whole(properties: Properties, name: string, fallback: number): number {
  const value = properties[name];
  return typeof value === "number" ? value : fallback;
}

/** The properties of `source` that are named. */
export function pick(source: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(names.flatMap((name) => (source[name] === undefined ? [] : [[name, source[name]]])));
}
