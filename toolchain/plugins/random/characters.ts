import { randomInt } from "node:crypto";

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const NUMERIC = "0123456789";
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

export interface CharacterRules {
  readonly length: number;
  readonly lower: boolean;
  readonly upper: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly minLower: number;
  readonly minUpper: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
  /** Used in place of the usual special characters. */
  readonly overrideSpecial: string | undefined;
}

/** What is wrong with the rules, if anything: they ask for more characters than the length, or for none at all. */
export function faultOf(rules: CharacterRules): string | undefined {
  const least = rules.minLower + rules.minUpper + rules.minNumeric + rules.minSpecial;
  if (rules.length < 1) return `length must be at least 1; found ${rules.length}`;
  if (rules.length < least) {
    return `length must be at least minLower + minUpper + minNumeric + minSpecial = ${least}; found ${rules.length}`;
  }
  if (classesOf(rules).every(({ characters }) => characters === "")) {
    return "at least one of lower, upper, numeric and special must be true, or no character is left to choose from";
  }
  return undefined;
}

/** A random string by the rules, which have no fault. */
export function randomCharacters(rules: CharacterRules): string {
  const classes = classesOf(rules);
  const any = classes.map(({ characters }) => characters).join("");
  const result = classes.flatMap(({ candidates, least }) => pick(candidates, least));
  return shuffled([...result, ...pick(any, rules.length - result.length)]).join("");
}

interface CharacterClass {
  /** What the class adds to the choice for the whole string. */
  readonly characters: string;
  /** What its least number is taken from, which counts even where the class itself is off. */
  readonly candidates: string;
  readonly least: number;
}

function classesOf(rules: CharacterRules): CharacterClass[] {
  const special = rules.overrideSpecial === undefined || rules.overrideSpecial === "" ? SPECIAL : rules.overrideSpecial;
  return [
    { characters: rules.numeric ? NUMERIC : "", candidates: NUMERIC, least: rules.minNumeric },
    { characters: rules.lower ? LOWER : "", candidates: LOWER, least: rules.minLower },
    { characters: rules.upper ? UPPER : "", candidates: UPPER, least: rules.minUpper },
    { characters: rules.special ? special : "", candidates: special, least: rules.minSpecial },
  ];
}

function pick(characters: string, count: number): string[] {
  const all = Array.from(characters);
  return Array.from({ length: count }, () => all[randomInt(all.length)] ?? "");
}

function shuffled(characters: readonly string[]): string[] {
  const result = [...characters];
  for (let last = result.length - 1; last > 0; last--) {
    const other = randomInt(last + 1);
    [result[last], result[other]] = [result[other] ?? "", result[last] ?? ""];
  }
  return result;
}
