/** Characters that may stand for each other: of one script, one case, one length in UTF-8. */
export interface Alphabet {
  /** The characters in lower case, or as they are where the script knows no case. */
  readonly symbols: readonly string[];
  /** The same in upper case; undefined where the script knows no case. */
  readonly capitals: readonly string[] | undefined;
}

/** Where a character stands in its alphabet. */
export interface Place {
  readonly alphabet: Alphabet;
  readonly index: number;
  readonly capital: boolean;
}

/** Scripts with many characters: their parts are no scripts of their own. */
const LARGE: readonly (readonly [number, number])[] = [
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0x20000, 0x2a6df],
];
/** Letters with a third case, which would not follow the other two: they are kept. */
const DIGRAPH = /[\u01c4-\u01cc\u01f1-\u01f3]/;
/** No boundary of UTF-8's lengths lies inside of a block of this size. */
const BLOCK = 128;

const known = new Map<number, Map<string, Place>>();
/** By far the most characters of most texts. */
const BASIC: readonly (Place | undefined)[] = Array.from({ length: BLOCK }, (_, point) =>
  placeInBlock(String.fromCodePoint(point), point),
);

/** The place of a character; undefined for what is kept: spaces, punctuation, marks, symbols, single letters. */
export function placeOf(character: string): Place | undefined {
  const point = character.codePointAt(0) ?? 0;
  if (point < BLOCK) return BASIC[point];
  return placeInBlock(character, point);
}

function placeInBlock(character: string, point: number): Place | undefined {
  const large = LARGE.find(([first, last]) => point >= first && point <= last);
  const first = large?.[0] ?? point - (point % BLOCK);
  let places = known.get(first);
  if (places === undefined) {
    const last = large?.[1] ?? first + BLOCK - 1;
    places = readBlock(first, last);
    // Known before capitals from elsewhere are added: two blocks may hold capitals of each other's letters.
    known.set(first, places);
    addDistantCapitals(places, first, last);
  }
  return places.get(character);
}

/** The alphabets of a block of Unicode: its letters that have both cases, those that have none, and its digits. */
function readBlock(first: number, last: number): Map<string, Place> {
  const [paired, single] = [[] as string[], [] as string[]];
  const digits = new Map<number, string[]>();
  for (let point = first; point <= last; point++) {
    const character = String.fromCodePoint(point);
    if (/^\p{Nd}$/u.test(character)) {
      // Each script's ten digits follow one another, and no two scripts share sixteen places.
      const group = point - (point % 16);
      digits.set(group, [...(digits.get(group) ?? []), character]);
    } else if (/^\p{L}$/u.test(character)) {
      if (hasBothCases(character)) paired.push(character);
      else if (character.toUpperCase() === character && character.toLowerCase() === character) single.push(character);
    }
  }
  const places = new Map<string, Place>();
  const capitals = paired.map((character) => character.toUpperCase());
  add(places, { symbols: paired, capitals });
  for (const symbols of [single, ...digits.values()]) add(places, { symbols, capitals: undefined });
  return places;
}

/** A capital may stand in another block than its small letter, as Georgian's do: it is found where it is. */
function addDistantCapitals(places: Map<string, Place>, first: number, last: number): void {
  for (let point = first; point <= last; point++) {
    const character = String.fromCodePoint(point);
    const small = character.toLowerCase();
    const isCapital = small !== character && small.toUpperCase() === character && hasBothCases(small);
    if (isCapital && !places.has(character)) {
      const place = placeOf(small);
      if (place !== undefined) places.set(character, { ...place, capital: true });
    }
  }
}

function add(places: Map<string, Place>, alphabet: Alphabet): void {
  if (alphabet.symbols.length < 2) return;
  for (const [index, symbol] of alphabet.symbols.entries()) places.set(symbol, { alphabet, index, capital: false });
  for (const [index, symbol] of (alphabet.capitals ?? []).entries()) {
    places.set(symbol, { alphabet, index, capital: true });
  }
}

/** Whether a small letter and its capital are one character each, of one length, and lead to each other alone. */
function hasBothCases(small: string): boolean {
  const capital = small.toUpperCase();
  return (
    capital !== small &&
    !DIGRAPH.test(small) &&
    Array.from(capital).length === 1 &&
    capital.toLowerCase() === small &&
    Buffer.byteLength(capital) === Buffer.byteLength(small)
  );
}
