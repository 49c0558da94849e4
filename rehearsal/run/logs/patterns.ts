import type { Level, LogEntry } from "./entries.ts";

/** What a process logs again and again, with what varies in it taken out. */
export interface LogPattern {
  /** Service or container that wrote it, without the environment's name. */
  readonly source: string;
  readonly level: Level;
  /** The words that stay; `<*>` for those that vary. */
  readonly words: readonly string[];
  readonly count: number;
  readonly sample: string;
}

/** What varies from entry to entry whatever it is about. The order matters: what is longer comes first. */
const VARYING: readonly RegExp[] = [
  /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi,
  /\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?/g,
  /\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g,
  /\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/g,
  /\b0x[0-9a-f]+\b/gi,
  /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b/gi,
  /\b[A-Za-z0-9+_-]{40,}={0,2}/g,
  /[+-]?\b\d+(?:[.,]\d+)*(?=\D|$)/g,
];
const ANY = "<*>";
/** Share of words that two entries must have in common to be of one pattern. */
const ALIKE = 0.6;
/** Words that are looked at: the rest of a long entry tells nothing new. */
const LONGEST = 60;

/** The words of a message, those that vary replaced by `<*>`. */
export function wordsOf(message: string): string[] {
  const masked = VARYING.reduce((text, varying) => text.replace(varying, ANY), message);
  return masked
    .split(/\s+/)
    .filter((word) => word !== "")
    .slice(0, LONGEST);
}

/**
 * Sorts the entries of one source into patterns: entries with as many words, most of which are the same, are of one
 * pattern, as in the Drain algorithm (He et al., 2017).
 */
export function findPatterns(source: string, entries: readonly LogEntry[]): LogPattern[] {
  const byLength = new Map<string, LogPattern[]>();
  for (const { level, message, sample } of entries) {
    const words = wordsOf(message);
    const key = `${level} ${words.length}`;
    const candidates = byLength.get(key) ?? [];
    byLength.set(key, candidates);
    const at = candidates.findIndex((pattern) => alike(pattern.words, words));
    const known = candidates[at];
    if (known === undefined) candidates.push({ source, level, words, count: 1, sample });
    else candidates[at] = { ...known, words: merged(known.words, words), count: known.count + 1 };
  }
  return [...byLength.values()].flat();
}

/** Whether two lists of words are of one pattern. */
export function alike(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  // The first word names what speaks, and the last what went wrong.
  if (one.length <= 2) return one.every((word, index) => word === other[index] || word === ANY || other[index] === ANY);
  const same = one.filter((word, index) => word === other[index] || word === ANY || other[index] === ANY).length;
  return same / one.length >= ALIKE && one[0] === other[0];
}

function merged(one: readonly string[], other: readonly string[]): string[] {
  return one.map((word, index) => (word === other[index] ? word : ANY));
}
