import type { Finding, MigrationRehearsal, MigrationRun, StatementRun } from "../result.ts";

const STORAGE = "migration.storage";
/** How much of the free space a migration may take before it is worth a word: production has grown since the snapshot. */
const COMFORTABLE = 0.8;

/** The most that the migrations hold on the storage at one moment, beyond what was there before them. */
export interface StorageNeed {
  readonly bytes: number;
  /** Of these the write-ahead log. */
  readonly walBytes: number;
  readonly migration: string;
  readonly statement: StatementRun;
}

/**
 * Adds up what the migrations wrote. Until a transaction commits, a table that is written anew stands there twice, with
 * its indexes; the server keeps its log up to a limit.
 *
 * @param walLimit bytes of log that the server keeps (max_wal_size)
 * @returns undefined where they wrote nothing
 */
export function storageNeed(run: readonly MigrationRun[], walLimit: number): StorageNeed | undefined {
  let most: StorageNeed | undefined;
  let [kept, wal] = [0, 0];
  for (const { migration, atomic, statements, sizeBytes } of run) {
    const before = kept;
    for (const statement of statements) {
      wal += statement.walBytes;
      const anew = statement.rewritten.reduce((sum, { bytes }) => sum + bytes, 0);
      const walBytes = Math.min(wal, walLimit);
      const bytes = kept + Math.max(statement.sizeBytes, anew) + walBytes;
      if (bytes > (most?.bytes ?? 0)) most = { bytes, walBytes, migration, statement };
      kept += statement.sizeBytes;
    }
    // What a transaction no longer needs is freed when it commits.
    if (atomic) kept = before + sizeBytes;
  }
  return most;
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
        `the migrations need ${megabytes(need.bytes)} at their peak (${megabytes(need.walBytes)} of it write-ahead log), and the ` +
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
