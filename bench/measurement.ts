import type { Workshop } from "./workshop.ts";

/** What a figure counts. */
export type Unit = "s" | "ms" | "requests";

/** One line of the table: the same thing done by this project and by the peer. */
export interface Row {
  readonly what: string;
  readonly unit: Unit;
  /** One figure for each run. */
  readonly ours: readonly number[];
  /** Absent where the peer has nothing of the kind. */
  readonly peer?: readonly number[];
  readonly target?: Target;
}

/** What a row is held against. */
export interface Target {
  readonly text: string;
  readonly met: boolean;
}

/** A thing that is measured. It removes what it made on the engine, however it ends. */
export interface Measurement {
  /** As `--only` takes it. */
  readonly name: string;
  readonly summary: string;
  /** Gives each row as soon as it is known. */
  readonly run: (workshop: Workshop) => AsyncGenerator<Row>;
}
