import { hash } from "node:crypto";
import { type Alphabet, type Place, placeOf } from "./alphabets.ts";

/** Four rounds make a Feistel network a pseudo-random permutation (Luby and Rackoff). */
const ROUNDS = 4;
/** Bytes of the keyed stream that one symbol is moved by. */
const BYTES = 2;
/** Round, symbols of the other half, symbols to move. */
const HEAD = 9;
const HEXADECIMAL: Alphabet = { symbols: Array.from("0123456789abcdef"), capitals: undefined };
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Version and variant: what code may look at. */
const UUID_KEPT = [14, 19];

/**
 * Replaces letters and digits by others of their kind, under a key.
 *
 * It is a bijection on the values of one form, not a digest: what makes a migration fail is that two values are equal,
 * or that they are not. Equal values stay equal in whatever column they stand, so that joins hold; distinct ones stay
 * distinct, so that a unique index can be built exactly where it could be before; values that differ in case alone still
 * do. Lengths in characters and in bytes, white space, punctuation and marks stay where they were.
 *
 * The network works on the symbols at even and at odd places, each moved within its own alphabet by a keyed stream that
 * depends on the other half; letters count without their case, which is put back afterwards.
 */
export class TextCipher {
  readonly #key: Buffer;
  readonly #substitutions = new Map<Alphabet, readonly number[]>();

  public constructor(key: Buffer) {
    this.#key = key;
  }

  public text(value: string): string {
    const [characters, places]: [string[], (Place | undefined)[]] = [[], []];
    for (const character of value) {
      characters.push(character);
      places.push(placeOf(character));
    }
    return this.#replace(characters, places);
  }

  /** The same for a UUID in the form of PostgreSQL's output; its version and variant stay. */
  public uuid(value: string): string {
    if (!UUID.test(value)) return value;
    const characters = Array.from(value);
    const places = characters.map((character, at): Place | undefined =>
      character === "-" || UUID_KEPT.includes(at)
        ? undefined
        : { alphabet: HEXADECIMAL, index: Number.parseInt(character, 16), capital: false },
    );
    return this.#replace(characters, places);
  }

  #replace(characters: readonly string[], places: readonly (Place | undefined)[]): string {
    const found = places.filter((place) => place !== undefined);
    const [first] = found;
    if (first === undefined) return characters.join("");
    const numbers = found.length === 1 ? [this.#substituted(first)] : this.#permuted(found);
    let [masked, next] = ["", 0];
    for (let at = 0; at < characters.length; at++) {
      const place = places[at];
      if (place === undefined) masked += characters[at] ?? "";
      else {
        const symbols = place.capital ? place.alphabet.capitals : place.alphabet.symbols;
        masked += symbols?.[numbers[next++] ?? 0] ?? "";
      }
    }
    return masked;
  }

  #permuted(places: readonly Place[]): Uint16Array {
    const halves = [new Uint16Array((places.length + 1) >> 1), new Uint16Array(places.length >> 1)] as const;
    for (const [at, { index }] of places.entries()) halves[at % 2 === 0 ? 0 : 1][at >> 1] = index;
    for (let round = 0; round < ROUNDS; round++) {
      const [moved, other] = round % 2 === 0 ? halves : [halves[1], halves[0]];
      const stream = this.#stream(round, other, moved.length);
      for (let at = 0; at < moved.length; at++) {
        const size = places[2 * at + (round % 2)]?.alphabet.symbols.length ?? 1;
        moved[at] = ((moved[at] ?? 0) + stream.readUInt16LE(at * BYTES)) % size;
      }
    }
    return Uint16Array.from(places, (_, at) => halves[at % 2 === 0 ? 0 : 1][at >> 1] ?? 0);
  }

  /** A value of one symbol has no other half: a permutation of the alphabet takes the network's place. */
  #substituted({ alphabet, index }: Place): number {
    let substitution = this.#substitutions.get(alphabet);
    if (substitution === undefined) {
      substitution = this.#shuffled(alphabet);
      this.#substitutions.set(alphabet, substitution);
    }
    return substitution[index] ?? index;
  }

  #shuffled({ symbols }: Alphabet): number[] {
    const numbers = symbols.map((_, index) => index);
    const first = Uint16Array.of((symbols[0]?.codePointAt(0) ?? 0) % 0x10000);
    const stream = this.#stream(ROUNDS, first, symbols.length);
    for (let at = numbers.length - 1; at > 0; at--) {
      const other = stream.readUInt16LE(at * BYTES) % (at + 1);
      const held = numbers[at] ?? at;
      numbers[at] = numbers[other] ?? other;
      numbers[other] = held;
    }
    return numbers;
  }

  /**
   * Bytes that depend on the key, the round and the other half. SHA-256 with the key in front is a pseudo-random function
   * where no input is the beginning of another, which the length sees to; it takes a third of an HMAC's time.
   */
  #stream(round: number, numbers: Uint16Array, symbols: number): Buffer {
    const length = symbols * BYTES;
    const input = Buffer.allocUnsafe(this.#key.length + HEAD + numbers.byteLength);
    this.#key.copy(input);
    input.writeUInt8(round, this.#key.length);
    input.writeUInt32LE(numbers.length, this.#key.length + 1);
    input.writeUInt32LE(symbols, this.#key.length + 5);
    Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).copy(input, this.#key.length + HEAD);
    const digest = hash("sha256", input, "buffer");
    if (length <= digest.length) return digest;
    // Long texts: the digest is stretched rather than made anew of the whole text.
    const stream = Buffer.allocUnsafe(Math.ceil(length / digest.length) * digest.length);
    const seed = Buffer.concat([digest, Buffer.alloc(4)]);
    for (let at = 0; at < length; at += digest.length) {
      seed.writeUInt32LE(at, digest.length);
      hash("sha256", seed, "buffer").copy(stream, at);
    }
    return stream;
  }
}
