import type { Finding, HeldLock, MigrationRun, StatementRun, TrafficOperation } from "../result.ts";
import type { TrafficFacts } from "../traffic.ts";
import { essence, type OldCode } from "./old-code.ts";

const WAITS = "migration.waits";
const QUEUE = "migration.waits.queue";
/** How many of the operations that waited are quoted. */
const QUOTED = 5;

/** The wait of an operation: what it took beyond what it takes when nothing migrates. */
export function waitOf({ seconds, usual }: TrafficOperation): number {
  return Math.max(0, seconds - usual);
}

/** Requests and queries of the outgoing release that had to wait too long, or failed, while the migrations ran. */
export function waitFindings(
  { run, operations, migratorWaits, longTransactions }: TrafficFacts,
  limit: number,
  oldCode: OldCode,
): Finding[] {
  const findings: Finding[] = [];
  const slow = operations.filter((operation) => waitOf(operation) > limit);
  const [longest] = [...slow].sort((one, other) => waitOf(other) - waitOf(one));
  if (longest !== undefined) {
    const culprit = culpritOf(run.migrations, longest);
    const statement = culprit?.statement ?? culprit?.taker;
    // On a busy machine a migration that scans a table waits for its lock as well, for a small part of the time.
    const queued = migratorWaits.find(
      (wait) => overlap(wait, spanOf(longest)) > Math.max(limit / 2, waitOf(longest) / 2),
    );
    const behindTransaction = queued !== undefined && longTransactions.length > 0;
    findings.push({
      id: behindTransaction ? QUEUE : WAITS,
      severity: "blocking",
      ...(culprit === undefined ? {} : { migration: culprit.run.migration }),
      subject: queued?.table ?? culprit?.lock?.table ?? longest.operation,
      cause: behindTransaction
        ? `it waits for ${queued.mode} on ${queued.table} behind a transaction that has read it (${queued.blockers.join(", ")}), ` +
          `and every query that comes later waits behind the migration: up to ${waitOf(longest).toFixed(1)} s`
        : `${culprit === undefined ? "a statement" : describe(culprit)} keeps the running release waiting for up to ` +
          `${waitOf(longest).toFixed(1)} s`,
      consequence: `Requests of the running release stand still for longer than the allowed ${limit} s; workers run out and the site is down meanwhile.`,
      remedy: behindTransaction
        ? `Set rehearsal:migration.lockTimeoutSeconds below ${limit} and take out what lifts it in the migration: the step is ` +
          "then given up quickly and tried again until the table is free."
        : remedyFor(culprit?.statement?.sql ?? ""),
      evidence: [
        ...(statement === undefined ? [] : [statement.sql]),
        ...slow.slice(0, QUOTED).map((operation) => `${operation.operation} waited ${waitOf(operation).toFixed(2)} s`),
      ],
    });
  }
  return [...findings, ...failureFindings(operations, run.migrations, oldCode)];
}

/**
 * Measures once more where nothing but a long wait was found: a machine that is busy with something else keeps operations
 * waiting too, but hardly twice. The shorter of the two longest waits counts.
 *
 * @param prepare called before the second measurement
 * @returns also the longest wait of the first in seconds, where it stopped the release and the second does not
 */
export async function withoutChance<Seen extends { readonly longest: number; readonly findings: readonly Finding[] }>(
  measure: () => Promise<Seen>,
  prepare: () => void,
): Promise<{ readonly seen: Seen; readonly chance: number | undefined }> {
  const first = await measure();
  const waits = first.findings.filter(({ id }) => id === WAITS || id === QUEUE);
  if (waits.length === 0 || waits.length < first.findings.length) return { seen: first, chance: undefined };
  prepare();
  const second = await measure();
  if (second.longest >= first.longest) return { seen: first, chance: undefined };
  return { seen: second, chance: second.findings.length === 0 ? first.longest : undefined };
}

/** Operations that failed while the migrations ran although they work before and after. */
function failureFindings(
  operations: readonly TrafficOperation[],
  migrations: readonly MigrationRun[],
  oldCode: OldCode,
): Finding[] {
  const broken = oldCode.filter(({ after }) => after !== null);
  const names = new Set(broken.map(({ operation }) => operation));
  // A page that a broken one led to is not asked for afterwards; it fails of the same cause.
  const causes = new Set(broken.map(({ after }) => essence(after ?? "")));
  const failed = operations.filter(
    ({ operation, error }) =>
      error !== undefined && !names.has(operation) && !causes.has(essence(error)) && !isUsual(operations, operation),
  );
  const [first] = failed;
  if (first === undefined) return [];
  const culprit = culpritOf(migrations, first);
  return [
    {
      id: "migration.disturbs",
      severity: "blocking",
      ...(culprit === undefined ? {} : { migration: culprit.run.migration }),
      subject: first.operation,
      cause: `${first.operation} fails while the migration runs: ${first.error ?? ""}`,
      consequence: "Requests of the running release fail during the migration although they work before and after it.",
      remedy: "Take locks in the order in which the application takes them, and one table in one migration.",
      evidence: failed.slice(0, QUOTED).map(({ operation, error }) => `${operation}: ${error ?? ""}`),
    },
  ];
}

/** Whether an operation fails always: it is no consequence of the migration then. */
function isUsual(operations: readonly TrafficOperation[], name: string): boolean {
  return operations.filter(({ operation }) => operation === name).every(({ error }) => error !== undefined);
}

interface Culprit {
  readonly run: MigrationRun;
  /** That ran during most of the wait; undefined where none did. */
  readonly statement: StatementRun | undefined;
  /** That was held meanwhile. */
  readonly lock: HeldLock | undefined;
  /** That took the lock. */
  readonly taker: StatementRun | undefined;
}

const MODES = [
  "AccessExclusiveLock",
  "ExclusiveLock",
  "ShareRowExclusiveLock",
  "ShareLock",
  "ShareUpdateExclusiveLock",
  "RowExclusiveLock",
  "RowShareLock",
  "AccessShareLock",
];

/** What a migration was at during an operation: which statement ran, and which lock was held. */
function culpritOf(migrations: readonly MigrationRun[], operation: TrafficOperation): Culprit | undefined {
  const span = spanOf(operation);
  const during = (from: number, until: number) => overlap({ from, until }, span);
  const run = mostOf(migrations, ({ start, seconds }) => during(start, start + seconds));
  if (run === undefined) return undefined;
  const half = during(run.start, run.start + run.seconds) / 2;
  const statement = mostOf(run.statements, ({ start, seconds }) => during(start, start + seconds));
  const held = run.locks.filter(({ from, until }) => during(from, until) >= half);
  const [lock] = held.sort((one, other) => MODES.indexOf(one.mode) - MODES.indexOf(other.mode));
  const taker = run.statements.find(({ locks }) =>
    locks.some(({ table, mode }) => table === lock?.table && mode === lock.mode),
  );
  const busy = statement !== undefined && during(statement.start, statement.start + statement.seconds) >= half;
  return { run, statement: busy || taker === undefined ? statement : undefined, lock, taker };
}

function mostOf<T>(candidates: readonly T[], seconds: (candidate: T) => number): T | undefined {
  const [most] = candidates
    .map((candidate) => ({ candidate, seconds: seconds(candidate) }))
    .filter((weighed) => weighed.seconds > 0)
    .sort((one, other) => other.seconds - one.seconds);
  return most?.candidate;
}

function describe({ statement, lock, taker }: Culprit): string {
  if (lock === undefined) return statement === undefined ? "the migration" : firstWords(statement.sql);
  const what = `${lock.mode} on ${lock.table}`;
  if (statement === undefined) {
    const seconds = (lock.until - lock.from).toFixed(1);
    return `the migration holds ${what} for ${seconds} s after ${firstWords(taker?.sql ?? "")}, mostly without running a statement, which`;
  }
  if (taker === undefined || taker === statement) return `${firstWords(statement.sql)} holds ${what}, which`;
  return `${firstWords(statement.sql)} runs while ${what}, taken by ${firstWords(taker.sql)}, is held, which`;
}

function remedyFor(sql: string): string {
  if (/CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)/i.test(sql)) {
    return "Build the index with AddIndexConcurrently in a migration of its own with atomic = False.";
  }
  if (/ADD CONSTRAINT .* (FOREIGN KEY|CHECK)/is.test(sql)) {
    return "Add the constraint NOT VALID, and validate it in a later migration: neither keeps writers waiting.";
  }
  if (/ADD CONSTRAINT .* UNIQUE/is.test(sql)) {
    return "Build a unique index concurrently first, and add the constraint with USING INDEX.";
  }
  if (/ALTER COLUMN .* TYPE/is.test(sql)) {
    return "Add a column of the new type, fill it in batches, and switch over in a later release.";
  }
  if (/SET NOT NULL/i.test(sql)) {
    return "Add CHECK (column IS NOT NULL) NOT VALID, validate it in a later migration, and set NOT NULL then.";
  }
  if (/^\s*(UPDATE|DELETE|INSERT)/i.test(sql)) {
    return "Change rows in batches, each in a transaction of its own (atomic = False), and apart from changes of the schema.";
  }
  return "Split the migration so that no statement holds its lock for so long, and keep data changes apart from schema changes.";
}

function spanOf({ start, seconds }: TrafficOperation): { from: number; until: number } {
  return { from: start, until: start + seconds };
}

function overlap(one: { from: number; until: number }, other: { from: number; until: number }): number {
  return Math.min(one.until, other.until) - Math.max(one.from, other.from);
}

function firstWords(sql: string): string {
  const flat = sql.replace(/\s+/g, " ").trim();
  return flat.length <= 100 ? flat : `${flat.slice(0, 97)}...`;
}
