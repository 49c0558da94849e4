import { TextCipher } from "./cipher.ts";
import type { FakeKind } from "./fake-kinds.ts";
import { isText, type MaskedColumn, type MaskingKind } from "./kinds.ts";
import { mapArrayElements, mapJsonStrings } from "./nested.ts";
import { shiftDays, shiftedDate } from "./shift.ts";

/** Gives a value's mask; undefined stands for NULL. */
export type ColumnTransform = (value: string) => string | undefined;

/** Values that repeat (states, names) need not be computed each time. */
const REMEMBERED = 20_000;
const REMEMBERED_LENGTH = 200;

/** Makes the transforms of columns under one key. */
export class ColumnTransforms {
  readonly #key: Buffer;
  readonly #cipher: TextCipher;
  readonly #days: number;
  #fakeValue: typeof import("./fake.ts").fakeValue | undefined;

  public constructor(key: Buffer) {
    this.#key = key;
    this.#cipher = new TextCipher(key);
    this.#days = shiftDays(key);
  }

  /** The transform of a column, whose kind must suit it. */
  public async forColumn(column: MaskedColumn, kind: MaskingKind): Promise<ColumnTransform> {
    switch (kind) {
      case "keep":
        return (value) => value;
      case "null":
        return () => undefined;
      case "shift":
        return (value) => shiftedDate(value, this.#days);
      case "hash":
        return remembering(this.#hash(column));
      default: {
        // Its word lists take a quarter of a second to load, which only who uses them should wait for.
        this.#fakeValue ??= (await import("./fake.ts")).fakeValue;
        const make = this.#fakeValue;
        const fake = kind.slice("fake:".length) as FakeKind;
        const limit = column.limit ?? Number.POSITIVE_INFINITY;
        return remembering((value) => (value.trim() === "" ? value : make(fake, value, this.#key, limit)));
      }
    }
  }

  #hash({ baseType }: MaskedColumn): (value: string) => string {
    const text = (value: string) => this.#cipher.text(value);
    if (isText(baseType)) return text;
    if (baseType === "uuid") return (value) => this.#cipher.uuid(value);
    if (baseType.endsWith("[]")) return (value) => mapArrayElements(value, text);
    return (value) => mapJsonStrings(value, text);
  }
}

function remembering(transform: (value: string) => string): (value: string) => string {
  const seen = new Map<string, string>();
  return (value) => {
    if (value.length > REMEMBERED_LENGTH) return transform(value);
    let masked = seen.get(value);
    if (masked === undefined) {
      masked = transform(value);
      if (seen.size >= REMEMBERED) seen.clear();
      seen.set(value, masked);
    }
    return masked;
  };
}
