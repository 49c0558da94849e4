import { parseArgs } from "node:util";
import type { Measurement } from "./measurement.ts";

/** What the command line asks for. */
export interface Options {
  /** Names of the measurements to make. */
  readonly only: readonly string[];
  readonly runs: number;
  /** One run, and images built with the engine's layer cache. */
  readonly quick: boolean;
  /** Whether to bring in a whole tool chain from nothing. */
  readonly setUp: boolean;
  /** Sizes of the databases that are cloned, in gigabytes. */
  readonly sizes: readonly number[];
  /** Rows of the databases on which a release is rehearsed. */
  readonly rows: readonly number[];
}

const DEFAULT_RUNS = 3;
const SIZES = [0.1, 1, 5];
/** What fits into a quick run. */
const QUICK_SIZES = [0.1, 1];
const ROWS = [10_000, 100_000, 1_000_000, 5_000_000];
const QUICK_ROWS = [10_000, 1_000_000];

/** The text that `--help` prints. */
export function help(measurements: readonly Measurement[]): string {
  const names = measurements.map(({ name, summary }) => `  ${name.padEnd(14)} ${summary}`);
  return `usage: npm run bench -- [--only NAMES] [--runs N] [--quick] [--sizes LIST] [--rows LIST] [--set-up]

Measures environments of this checkout, and the same images deployed with docker stack deploy as the peer, on the
engine of this machine. Prints a table and writes bench/results/<time>.json. docs/benchmark.md says how to read it.

  --only NAMES  some of the measurements, separated by commas
  --runs N      how often each is repeated (default ${DEFAULT_RUNS})
  --quick       one run, images built with the engine's layer cache, databases of ${QUICK_SIZES.join(" and ")} GB,
                ${QUICK_ROWS.join(" and ")} rows
  --sizes LIST  sizes of the databases that are cloned, in GB (default ${SIZES.join(",")}); takes three times as much disk
  --rows LIST   rows of the databases on which a release is rehearsed (default ${ROWS.join(",")})
  --set-up      also bring in a whole tool chain from nothing; takes several minutes (6 to 10 on two processors)
  --help        this text

Measurements:
${names.join("\n")}

The exit code is 1 where a measurement failed; a missed target does not change it.
`;
}

/**
 * Reads the command line.
 *
 * @returns the options, or undefined where help is asked for
 * @throws Error that names the argument which is wrong
 */
export function readOptions(words: readonly string[], measurements: readonly Measurement[]): Options | undefined {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: "string" },
      runs: { type: "string" },
      quick: { type: "boolean", default: false },
      sizes: { type: "string" },
      rows: { type: "string" },
      "set-up": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const known = measurements.map(({ name }) => name);
  const only = values.only === undefined ? known : values.only.split(",").map((name) => name.trim());
  for (const name of only) {
    if (!known.includes(name)) throw new Error(`--only takes ${known.join(", ")}; got "${name}"`);
  }
  const runs = Number(values.runs ?? (values.quick ? 1 : DEFAULT_RUNS));
  if (!Number.isInteger(runs) || runs < 1) {
    throw new Error(`--runs takes a whole number of at least 1; got "${values.runs ?? ""}"`);
  }
  const sizes = values.sizes?.split(",").map(Number) ?? (values.quick ? QUICK_SIZES : SIZES);
  if (!sizes.every((size) => size > 0)) {
    throw new Error(`--sizes takes numbers of gigabytes, separated by commas; got "${values.sizes ?? ""}"`);
  }
  const rows = values.rows?.split(",").map(Number) ?? (values.quick ? QUICK_ROWS : ROWS);
  if (!rows.every((count) => Number.isInteger(count) && count > 0)) {
    throw new Error(`--rows takes whole numbers of rows, separated by commas; got "${values.rows ?? ""}"`);
  }
  return { only, runs, quick: values.quick, setUp: values["set-up"], sizes, rows };
}
