// The distinguished encoding (DER) of ITU-T X.690: a tag, a length, the content. Only what certificates are made of.

/** One element and what follows it. */
interface Element {
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly whole: Buffer;
  readonly rest: Buffer;
}

export const TRUE = element(0x01, Buffer.of(0xff));

export function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, ...parts);
}

export function set(...parts: readonly Buffer[]): Buffer {
  return element(0x31, ...parts);
}

/** A whole number that is not negative, in as few bytes as it takes. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const significant = first < 0 ? Buffer.of(0) : bytes.subarray(first);
  // A first bit of one would make it negative.
  return element(0x02, (significant[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), significant]) : significant);
}

/** An object identifier in dots: `2.5.4.3`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split(".").map(Number);
  return element(0x06, Buffer.from([40 * first + second, ...others].flatMap(base128)));
}

/** @param unused bits at its end that do not count */
export function bitString(bytes: Buffer, unused = 0): Buffer {
  return element(0x03, Buffer.of(unused), bytes);
}

export function octetString(bytes: Buffer): Buffer {
  return element(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return element(0x0c, Buffer.from(text));
}

/** A time in whole seconds, in the form that RFC 5280 (4.1.2.5) asks for: two digits of the year until 2049. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+Z$|[-:T]/g, "");
  return date.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : element(0x18, Buffer.from(`${digits}Z`));
}

/** `[number]` around whole elements. */
export function explicit(number: number, content: Buffer): Buffer {
  return element(0xa0 | number, content);
}

/** `[number]` in place of a string's own tag. */
export function implicit(number: number, content: Buffer): Buffer {
  return element(0x80 | number, content);
}

/** The elements that stand one after another. */
export function elementsOf(bytes: Buffer): readonly Pick<Element, "content" | "whole">[] {
  const elements: Element[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const next = firstElement(rest);
    elements.push(next);
    ({ rest } = next);
  }
  return elements;
}

function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(content), content]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(0x80 | significant.length), significant]);
}

function firstElement(bytes: Buffer): Element {
  const short = bytes.readUInt8(1);
  const extra = short < 0x80 ? 0 : short & 0x7f;
  const start = 2 + extra;
  const end = start + (extra === 0 ? short : bytes.readUIntBE(2, extra));
  if (end > bytes.length) throw new Error(`DER must hold ${end} bytes; found ${bytes.length}`);
  return { content: bytes.subarray(start, end), whole: bytes.subarray(0, end), rest: bytes.subarray(end) };
}

/** Seven bits to a byte, the highest first; all but the last byte have their first bit set. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift(0x80 | (left & 0x7f));
  return bytes;
}
