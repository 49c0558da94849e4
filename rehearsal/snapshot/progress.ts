import { type CopiedTable, type CopyProgress, tableName } from "./copy-data.ts";
import { gigabytes } from "./disk-space.ts";

const SECONDS = 5;

/** Says how a copy goes: each table as it is done on a terminal, and elsewhere a line every few seconds. */
export class ProgressLines implements CopyProgress {
  readonly #say: (line: string) => void;
  readonly #each: boolean;
  readonly #tables: number;
  readonly #started = performance.now();
  #told = performance.now();
  #done = 0;
  #rows = 0;
  #bytes = 0;

  public constructor(tables: number, say: (line: string) => void, each: boolean) {
    this.#say = say;
    this.#each = each;
    this.#tables = tables;
  }

  public received(bytes: number): void {
    this.#bytes += bytes;
    if (performance.now() - this.#told > SECONDS * 1000) this.#tell();
  }

  public copied(table: CopiedTable, seconds: number): void {
    this.#done++;
    this.#rows += table.rows;
    if (!this.#each) return;
    const speed = `${(table.bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(0)} MB/s`;
    this.#say(`  ${tableName(table.table)}: ${table.rows} rows, ${(table.bytes / 1e6).toFixed(1)} MB, ${speed}`);
  }

  /** What was copied in all. */
  public finish(): void {
    this.#tell();
  }

  #tell(): void {
    this.#told = performance.now();
    const seconds = (this.#told - this.#started) / 1000;
    this.#say(
      `  ${this.#done} of ${this.#tables} tables, ${this.#rows} rows, ${gigabytes(this.#bytes)}, ` +
        `${(this.#bytes / 1e6 / Math.max(seconds, 0.001)).toFixed(0)} MB/s`,
    );
  }
}
