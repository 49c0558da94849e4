import type { Finding } from "../finding.ts";

export type { Finding, Severity } from "../finding.ts";

/** A lock of a migration's transaction on a table. Times are seconds since the run began. */
export interface HeldLock {
  readonly table: string;
  /** As PostgreSQL names it: `AccessExclusiveLock`. */
  readonly mode: string;
  readonly from: number;
  readonly until: number;
}

/** One statement of a migration as it ran on the clone. */
export interface StatementRun {
  readonly sql: string;
  /** Seconds since the run began. */
  readonly start: number;
  readonly seconds: number;
  /** Rows that the statement says it changed or read; null where it says nothing. */
  readonly rows: number | null;
  /** Tables whose file was written anew. */
  readonly rewritten: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[];
  /** Change of the database's size, in bytes. */
  readonly sizeBytes: number;
  readonly walBytes: number;
  /** The strongest lock on each table that the statement took newly. */
  readonly locks: readonly { readonly table: string; readonly mode: string }[];
  /** The server's words where it failed. */
  readonly error?: string;
}

/** One migration as it ran on a clone. */
export interface MigrationRun {
  readonly migration: string;
  readonly atomic: boolean;
  /** Seconds since the run began. */
  readonly start: number;
  readonly seconds: number;
  readonly statements: readonly StatementRun[];
  readonly locks: readonly HeldLock[];
  /** How often a statement or the whole migration was tried again after a lock timeout. */
  readonly retries: number;
  /** Settings of the session that it changed and did not put back, by name. */
  readonly left?: Readonly<Record<string, string>>;
  /** Django's own words where it failed. */
  readonly error?: string;
}

/** What a migration would do, read from the release's image. */
export interface PlannedMigration {
  readonly migration: string;
  readonly operations: readonly string[];
  readonly sql: readonly string[];
  readonly atomic: boolean;
  readonly reversible: boolean;
  /** Tables that its operations and statements name. */
  readonly tables: readonly string[];
}

/** One request or query of the outgoing release while a migration ran. Times are seconds since the run began. */
export interface TrafficOperation {
  /** For example `GET /`, `INSERT flights.Flight`, `statement 3 of pg_stat_statements`. */
  readonly operation: string;
  readonly start: number;
  readonly seconds: number;
  /** Seconds that it takes on the same clone when nothing migrates. */
  readonly usual: number;
  readonly error?: string;
}

/** A step of the rehearsal. */
export interface StepResult {
  readonly id: "clone" | "plan" | "run" | "old-code" | "data" | "schema" | "traffic" | "kill" | "back";
  readonly title: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** One line: what was seen, or why it was skipped. */
  readonly detail: string;
}

/** What a rehearsal of a release's migrations found: what is printed, written as JSON and shown as a page. */
export interface MigrationRehearsal {
  readonly version: 1;
  /** Same key, same result: hash of the releases, the snapshot, the form and the settings that matter. */
  readonly key: string;
  readonly environment: string;
  readonly form: "fast" | "full";
  /** Image of the release that runs; null where none does. */
  readonly outgoing: string | null;
  readonly incoming: string;
  readonly snapshot: {
    readonly id: string;
    readonly source: string;
    /** ISO 8601. */
    readonly takenAt: string;
    readonly rows: number;
    readonly bytes: number;
  };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly verdict: "pass" | "fail";
  readonly steps: readonly StepResult[];
  readonly findings: readonly Finding[];
  readonly plan: readonly PlannedMigration[];
  readonly run: readonly MigrationRun[];
  /** The most that the migrations hold on the storage at one moment beyond what was there, their log included. */
  readonly peakBytes: number;
  readonly sizes: readonly {
    readonly table: string;
    readonly rowsBefore: number | null;
    readonly rowsAfter: number | null;
    readonly bytesBefore: number | null;
    readonly bytesAfter: number | null;
  }[];
  /** Requests and queries of the outgoing release before and after: null where it passed, else the error. */
  readonly oldCode: readonly {
    readonly operation: string;
    /** That it is about, where it is about one. */
    readonly table?: string;
    readonly before: string | null;
    readonly after: string | null;
  }[];
  readonly traffic: {
    /** Longest wait that is allowed, in seconds. */
    readonly limit: number;
    readonly operations: number;
    readonly longest: number;
    /** The operations that waited longest, and all that failed. */
    readonly waits: readonly TrafficOperation[];
    readonly run: readonly MigrationRun[];
    /** When a long transaction was open on the tables concerned. */
    readonly longTransactions: readonly { readonly from: number; readonly until: number }[];
  } | null;
  readonly kills: readonly {
    readonly migration: string;
    /** The statement after which the migrator was killed, from 1. */
    readonly afterStatement: number;
    readonly statements: number;
    readonly found: "before" | "after" | "between";
    /** What the next run did where the kill left the database between. */
    readonly resumed?: { readonly ok: boolean; readonly error?: string };
  }[];
  readonly back: {
    /** Whether the outgoing release still works on the migrated database; null where there is none. */
    readonly outgoingWorks: boolean | null;
    readonly reversed: readonly MigrationRun[];
    /** First migration that has no reverse. */
    readonly irreversible?: string;
  } | null;
}
