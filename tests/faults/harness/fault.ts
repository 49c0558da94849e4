import { beforeEach, TestRunner } from "vitest";
import { type Detector, detectorOf } from "./detectors.ts";

/** Where a fault comes from: the table of results has a part for each. */
export type FaultClass =
  | "migrations"
  | "configuration"
  | "certificates"
  | "static files"
  | "dependencies"
  | "database"
  | "engine and network"
  | "ETL and services"
  | "behaviour"
  | "drift"
  | "clean releases";

/** A fault of real deployments, as its file tells the table of results. */
export interface FaultDescription {
  /** Of the catalogue, such as `M1`; files of siblings and of clean releases have ids of their own. */
  readonly id: string;
  readonly class: FaultClass;
  readonly title: string;
  /** The class of faults that what stops this one covers, in a sentence. */
  readonly covers: string;
}

/** What a test of a fault tells of its course, for the table of results. */
export interface FaultRecord {
  readonly fault?: FaultDescription;
  /** Ids of the blocking findings of its rehearsals, each once. */
  readonly found?: readonly string[];
  /** Detectors of which a finding names the cause. */
  readonly named?: readonly Detector[];
  /** Whether an unguarded twin of production was seen to break; undefined where a test of its own shows that. */
  readonly twinBroke?: boolean;
}

declare module "vitest" {
  interface TaskMeta {
    faultRecord?: FaultRecord;
  }
}

/** What rehearsals found before the first test began: in hooks that all tests of a file share. */
let foundBefore: readonly string[] = [];

/** Says which fault the tests of this file are about. */
export function describeFault(fault: FaultDescription): void {
  beforeEach(({ task }) => {
    task.meta.faultRecord = { ...task.meta.faultRecord, fault };
    if (foundBefore.length > 0) recordFindings(foundBefore);
    foundBefore = [];
  });
}

/**
 * Notes what a rehearsal found that stops the release.
 *
 * @param naming ids of the findings that name the cause; all of them where a test compares them all
 */
export function recordFindings(ids: readonly string[], naming: readonly string[] = ids): void {
  const meta = currentMeta();
  if (meta === undefined) {
    foundBefore = [...foundBefore, ...ids];
    return;
  }
  const { found = [], named = [] } = meta.faultRecord ?? {};
  meta.faultRecord = {
    ...meta.faultRecord,
    found: [...new Set([...found, ...ids])],
    named: [...new Set([...named, ...naming.map(detectorOf)])],
  };
}

/** Notes that the unguarded twin was seen to break, or not yet. */
export function recordTwin(broke: boolean): void {
  const meta = currentMeta();
  if (meta !== undefined) meta.faultRecord = { ...meta.faultRecord, twinBroke: broke };
}

/** There is none outside of a test, whatever the type says. */
function currentMeta() {
  const test = TestRunner.getCurrentTest<ReturnType<typeof TestRunner.getCurrentTest> | undefined>();
  return test?.meta;
}
