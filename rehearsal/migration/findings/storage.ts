import type { AppliedRun } from "../apply.ts";
import type { Finding, MigrationRehearsal, StatementRun } from "../result.ts";
import type { StorageSample } from "../storage.ts";

const STORAGE = "migration.storage";
/** How much of the free space a migration may take before it is worth a word: production has grown since the snapshot. */
const COMFORTABLE = 0.8;

/** The most that the migrations held on the storage at one moment, beyond what was there before them. */
export interface StorageNeed {
  readonly bytes: number;
  readonly migration: string;
  readonly statement: StatementRun;
}

/**
 * Finds the moment at which most was held: a table that is written anew stands there twice until its transaction commits,
 * with its indexes and the files for sorting them, and all of it is in the write-ahead log besides.
 *
 * @param samples the first of them from before the run
 * @returns undefined where nothing ran
 */
export function storageNeed(
  samples: readonly StorageSample[],
  { began, migrations }: Pick<AppliedRun, "began" | "migrations">,
): StorageNeed | undefined {
  const [first] = samples;
  const most = samples.reduce((top, sample) => (sample.bytes > (top?.bytes ?? 0) ? sample : top), first);
  if (first === undefined || most === undefined) return undefined;
  const ran = migrations.flatMap(({ migration, statements }) =>
    statements.map((statement) => ({ migration, statement })),
  );
  // The last that had begun by then: it may have ended since the sample before.
  const during = ran.findLast(({ statement }) => began + statement.start <= most.at) ?? ran[0];
  return during === undefined ? undefined : { bytes: most.bytes - first.bytes, ...during };
}

/**
 * Storage that would be full before the migrations are through.
 *
 * @param freeBytes of the storage of the environment's database; undefined where it cannot be told
 */
export function storageFindings(need: StorageNeed | undefined, freeBytes: number | undefined): Finding[] {
  const severity = severityOf(need?.bytes ?? 0, freeBytes);
  if (need === undefined || freeBytes === undefined || severity === undefined) return [];
  const { migration, statement } = need;
  const tables = statement.rewritten.map(({ table }) => table).join(", ");
  return [
    {
      id: STORAGE,
      severity,
      migration,
      subject: tables === "" ? "the storage of the database" : tables,
      cause:
        `the migrations need ${megabytes(need.bytes)} at their peak (data, files for sorting, write-ahead log), and the ` +
        `storage of the database has ${megabytes(freeBytes)} free` +
        (tables === "" ? "" : `: ${tables} is written anew beside the old data`),
      consequence:
        severity === "blocking"
          ? "The migration would fail half-way; with the storage full the server stops for everybody."
          : "It fits on the snapshot's data; a little growth of production's, and the storage is full half-way.",
      remedy: "Make room first, or change the migration so that it does not write a whole table anew.",
      evidence: [statement.sql],
    },
  ];
}

/** Whether an earlier rehearsal's word on the storage would be the same with so much of it free. */
export function fitsAsBefore(
  { findings, peakBytes }: Pick<MigrationRehearsal, "findings" | "peakBytes">,
  freeBytes: number | undefined,
): boolean {
  const was = findings.find(({ id }) => id === STORAGE)?.severity;
  return was === severityOf(peakBytes, freeBytes);
}

function severityOf(bytes: number, freeBytes: number | undefined): Finding["severity"] | undefined {
  if (freeBytes === undefined || bytes <= freeBytes * COMFORTABLE) return undefined;
  return bytes > freeBytes ? "blocking" : "warning";
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MB`;
}
