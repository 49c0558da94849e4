import type { RawSettings } from "./load-settings.ts";
import { settingEntries } from "./settings.ts";

/**
 * Compares the files of two environments.
 *
 * @returns one sentence for each setting that stands in one file only, or differs although environments may not differ
 *   in it; empty when the two environments are the same but for what may differ.
 */
export function parityFaults(
  one: { readonly name: string; readonly raw: RawSettings },
  other: { readonly name: string; readonly raw: RawSettings },
): string[] {
  return settingEntries().flatMap(({ section, key, meta, defaultValue }) => {
    const place = `rehearsal:${section}.${key}`;
    const [left, right] = [settingOf(one.raw, section, key), settingOf(other.raw, section, key)];
    if ((left === undefined) !== (right === undefined)) {
      const [has, lacks] = left === undefined ? [other.name, one.name] : [one.name, other.name];
      return [`${place} stands in ${has} and not in ${lacks}; both must hold the same keys. Add it to ${lacks}.`];
    }
    const [a, b] = [left ?? defaultValue, right ?? defaultValue];
    if (meta.differs === "no" && !equal(a, b)) {
      return [
        `${place} must be the same in every environment; found ${JSON.stringify(a)} in ${one.name} and ` +
          `${JSON.stringify(b)} in ${other.name}. What the rehearsal has not seen would run in production.`,
      ];
    }
    if (meta.differs !== "keys") return [];
    const [mine, theirs] = [Object.keys(a ?? {}), Object.keys(b ?? {})];
    const missing = [
      ...theirs.filter((name) => !mine.includes(name)).map((name) => [name, one.name] as const),
      ...mine.filter((name) => !theirs.includes(name)).map((name) => [name, other.name] as const),
    ];
    return missing.map(
      ([name, file]) =>
        `${place}.${name} is not set in ${file}; a variable must be set in every environment, its value may differ. ` +
        `Add it to ${file}.`,
    );
  });
}

function settingOf(raw: RawSettings, section: string, key: string): unknown {
  const values = raw[section];
  return typeof values === "object" && values !== null ? (values as Record<string, unknown>)[key] : undefined;
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
