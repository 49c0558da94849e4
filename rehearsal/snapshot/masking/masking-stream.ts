import { createHash, type Hash } from "node:crypto";
import { Transform, type TransformCallback } from "node:stream";
import type { ColumnTransform } from "./column-transforms.ts";
import { fieldOf, fieldValue, LINE_FEED, TAB } from "./copy-text.ts";

/** What went through a stream of rows. */
export interface Passed {
  readonly bytes: number;
  /** SHA-256 of all rows as they left. */
  readonly content: string;
  /** SHA-256 of the fields that are not masked, as they came. */
  readonly unmasked: string;
}

/**
 * Masks rows in COPY's text form, and keeps account of them. Without a transform rows pass as they are, whole chunks at
 * a time.
 */
export class MaskingStream extends Transform {
  readonly #transforms: readonly (ColumnTransform | undefined)[];
  readonly #masks: boolean;
  readonly #content: Hash = createHash("sha256");
  readonly #unmasked: Hash = createHash("sha256");
  #rest: Buffer[] = [];
  #bytes = 0;

  /** @param transforms one for each field of a row; undefined for a field that is kept */
  public constructor(transforms: readonly (ColumnTransform | undefined)[]) {
    super();
    this.#transforms = transforms;
    this.#masks = transforms.some((transform) => transform !== undefined);
  }

  /** Bytes that have left so far. */
  public get bytes(): number {
    return this.#bytes;
  }

  /** To be asked once, after the end. */
  public passed(): Passed {
    const content = this.#content.digest("hex");
    return { bytes: this.#bytes, content, unmasked: this.#masks ? this.#unmasked.digest("hex") : content };
  }

  public override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    try {
      this.#emit(this.#masks ? this.#maskedRows(chunk) : chunk);
      done();
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  public override _flush(done: TransformCallback): void {
    done(this.#rest.length === 0 ? null : new Error("the last row of the source's data must end with a line feed"));
  }

  #emit(rows: Buffer): void {
    if (rows.length === 0) return;
    this.#content.update(rows);
    this.#bytes += rows.length;
    this.push(rows);
  }

  #maskedRows(chunk: Buffer): Buffer {
    const end = chunk.lastIndexOf(LINE_FEED);
    if (end < 0) {
      this.#rest.push(chunk);
      return Buffer.alloc(0);
    }
    const rows = Buffer.concat([...this.#rest, chunk.subarray(0, end + 1)]);
    this.#rest = end + 1 < chunk.length ? [chunk.subarray(end + 1)] : [];
    const parts: Buffer[] = [];
    for (let start = 0; start < rows.length; ) {
      const rowEnd = rows.indexOf(LINE_FEED, start);
      this.#maskRow(rows.subarray(start, rowEnd + 1), parts);
      start = rowEnd + 1;
    }
    return Buffer.concat(parts);
  }

  /** Appends the parts of a masked row; what stands between masked fields is passed in one piece. */
  #maskRow(row: Buffer, parts: Buffer[]): void {
    let kept = 0;
    let start = 0;
    for (const transform of this.#transforms) {
      const tab = row.indexOf(TAB, start);
      const end = tab < 0 ? row.length - 1 : tab;
      if (transform !== undefined) {
        const before = row.subarray(kept, start);
        const value = fieldValue(row.subarray(start, end));
        this.#unmasked.update(before);
        parts.push(before, fieldOf(value === undefined ? undefined : transform(value)));
        kept = end;
      }
      start = end + 1;
    }
    const last = row.subarray(kept);
    this.#unmasked.update(last);
    parts.push(last);
  }
}
