import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import Docker from "dockerode";
import { describeMachine, type Machine, machine } from "./machine.ts";
import type { Measurement, Row } from "./measurement.ts";
import { clone } from "./measurements/clone.ts";
import { rehearsal } from "./measurements/rehearsal.ts";
import { release } from "./measurements/release.ts";
import { secondStack } from "./measurements/second-stack.ts";
import { setUp } from "./measurements/set-up.ts";
import { unchanged } from "./measurements/unchanged.ts";
import { up } from "./measurements/up.ts";
import { help, type Options, readOptions } from "./options.ts";
import { table } from "./table.ts";
import { Workshop } from "./workshop.ts";

const MEASUREMENTS: readonly Measurement[] = [setUp, up, unchanged, secondStack, release, clone, rehearsal];
const RESULTS = path.join(import.meta.dirname, "results");
const INTERRUPTED = 130;

/** A row with the measurement that it is of. */
interface Result extends Row {
  readonly measurement: string;
}

interface Failure {
  readonly measurement: string;
  readonly error: string;
}

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2), MEASUREMENTS);
  } catch (error) {
    process.stderr.write(`${message(error)}\n\n${help(MEASUREMENTS)}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(help(MEASUREMENTS));
    return 0;
  }
  const interruption = interruptions();
  const facts = await machine(new Docker());
  process.stdout.write(`${describeMachine(facts)}\n\n`);
  const { results, failures } = await measureAll(options, interruption);
  const file = write(facts, options, results, failures);
  if (results.length > 0) process.stdout.write(`\n${table(results)}\n\n`);
  for (const { measurement, error } of failures) process.stdout.write(`${measurement} failed: ${error}\n`);
  process.stdout.write(`${path.relative(process.cwd(), file)}\n`);
  if (interruption.aborted) return INTERRUPTED;
  return failures.length === 0 ? 0 : 1;
}

/** The first signal ends the measurement under way, which then cleans up; another one would leave things behind. */
function interruptions(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (!controller.signal.aborted) process.stderr.write(`\n${name}: cleaning up, which takes up to a minute\n`);
      controller.abort(new Error("interrupted"));
    });
  }
  return controller.signal;
}

async function measureAll(options: Options, signal: AbortSignal) {
  const [results, failures]: [Result[], Failure[]] = [[], []];
  const started = Date.now();
  const say = (line: string) => {
    process.stderr.write(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${line}\n`);
  };
  const workshop = await Workshop.open(options, signal, say);
  try {
    for (const measurement of MEASUREMENTS.filter(({ name }) => options.only.includes(name))) {
      if (signal.aborted) break;
      try {
        for await (const row of measurement.run(workshop)) results.push({ measurement: measurement.name, ...row });
      } catch (error) {
        failures.push({ measurement: measurement.name, error: faultOf(error, signal) });
        say(`${measurement.name} failed`);
      }
    }
  } finally {
    await workshop.close();
  }
  return { results, failures };
}

function write(facts: Machine, options: Options, results: readonly Result[], failures: readonly Failure[]): string {
  const time = new Date().toISOString();
  mkdirSync(RESULTS, { recursive: true });
  const file = path.join(RESULTS, `${time.replaceAll(":", "-").replace(/\.\d+Z$/, "Z")}.json`);
  const { runs, quick } = options;
  const loadAverageAfter = os.loadavg();
  const content = { time, machine: facts, loadAverageAfter, runs, quick, results, failures };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  return file;
}

/** What a command says that was told to stop is no finding. */
function faultOf(error: unknown, signal: AbortSignal): string {
  return signal.aborted ? "interrupted" : message(error);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
