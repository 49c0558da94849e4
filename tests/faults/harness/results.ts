import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Detector, detectorOf } from "./detectors.ts";
import type { FaultDescription, FaultRecord } from "./fault.ts";

/** How one test of a fault ended. */
export interface TestResult {
  readonly title: string;
  readonly passed: boolean;
  readonly seconds: number;
  readonly record: FaultRecord;
  /** First line of what failed; empty where nothing did. */
  readonly error: string;
}

/** The tests of one file: a fault with its siblings, or clean releases. */
export interface FaultResult {
  readonly fault: FaultDescription;
  /** When it was run, ISO 8601. */
  readonly takenAt: string;
  readonly tests: readonly TestResult[];
}

/** Results by the name of the file that the tests are in. */
export type FaultResults = Readonly<Record<string, FaultResult>>;

export type Verdict = "caught" | "missed" | "wrong cause" | "not shown" | "clean" | "false alarm";

const RESULTS = path.resolve(import.meta.dirname, "../../../reports/faults");

/** What a fault counts as: its worst test, since a sibling that slips through is a hole in the same detector. */
export function verdictOf({ fault, tests }: FaultResult): Verdict {
  const failed = tests.filter(({ passed }) => !passed);
  if (fault.class === "clean releases") return failed.length === 0 ? "clean" : "false alarm";
  if (failed.length === 0) return "caught";
  // A rehearsal has been noted where one was done; before that, the twin had to break.
  const rehearsed = failed.filter(({ record }) => record.found !== undefined);
  if (rehearsed.some(({ record }) => record.found?.length === 0)) return "missed";
  return rehearsed.length > 0 ? "wrong cause" : "not shown";
}

/** Detectors that have named the cause in one of the tests at least. */
export function detectorsOf({ tests }: FaultResult): Detector[] {
  return [...new Set(tests.flatMap(({ record }) => record.named ?? []))].sort();
}

/** The same results as if a detector had not been there: a test is missed where no other one has named its cause. */
export function without(results: FaultResults, detector: Detector): FaultResults {
  return Object.fromEntries(
    Object.entries(results).map(([file, result]) => [
      file,
      { ...result, tests: result.tests.map((test) => testWithout(test, detector)) },
    ]),
  );
}

function testWithout(test: TestResult, detector: Detector): TestResult {
  const { found = [], named = [] } = test.record;
  if (named.length === 0) return test;
  const record = {
    ...test.record,
    found: found.filter((id) => detectorOf(id) !== detector),
    named: named.filter((name) => name !== detector),
  };
  return { ...test, record, passed: test.passed && record.named.length > 0 };
}

/** @returns what earlier runs have found; nothing where there was none */
export function readResults(): FaultResults {
  const files = existsSync(RESULTS) ? readdirSync(RESULTS).sort() : [];
  return Object.fromEntries(
    files.map((file) => [
      path.basename(file, ".json"),
      JSON.parse(readFileSync(path.join(RESULTS, file), "utf8")) as FaultResult,
    ]),
  );
}

/** Keeps the result of one file of tests: a file of its own, since several processes may have results at the same time. */
export function writeResult(file: string, result: FaultResult): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(path.join(RESULTS, `${file}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
