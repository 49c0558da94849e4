import type Docker from "dockerode";
import { KILLED } from "../../engine/one-shot.ts";
import type { Clone } from "../snapshot/clone.ts";
import { onClone, type ReleaseProcess, runEvents } from "./releases.ts";
import type { HeldLock, MigrationRun, StatementRun } from "./result.ts";

/** What the runtime says while it applies migrations; times are seconds since 1970. */
type ApplyEvent =
  | { event: "migration-start"; migration: string; atomic: boolean; at: number }
  | ({ event: "statement"; migration: string; at: number } & Omit<StatementRun, "start">)
  | { event: "lock"; migration: string; table: string; mode: string; from: number; until: number }
  | { event: "retry"; migration: string; at: number; error: string }
  | {
      event: "migration-end";
      migration: string;
      seconds: number;
      left?: Readonly<Record<string, string>>;
      error?: string;
    }
  | { event: "outside"; sql: string }
  | ({ event: "permission" } & LostPermission)
  | { event: "done"; ok: boolean };

/** A permission that groups or users hold, and that no model has after the migrations. */
export interface LostPermission {
  /** As code asks for it: `shop.view_order`. */
  readonly name: string;
  readonly groups: number;
}

/** How the migrations of a release ran on a clone. */
export interface AppliedRun {
  /** Seconds since 1970. */
  readonly began: number;
  readonly migrations: readonly MigrationRun[];
  /** Statements of no migration that change rows: Django adds permissions and content types of new models after them. */
  readonly outside: readonly string[];
  readonly lostPermissions: readonly LostPermission[];
  readonly ok: boolean;
  /** What the runtime said outside of its events: why it could not even begin. */
  readonly said: readonly string[];
}

/**
 * Applies the pending migrations of a release to a clone, as the owner of the schema, and measures each statement.
 *
 * @param back instead unapplies these, `app.name` each
 * @param allowed what to wait for when the release's process is ready: it takes a second or two to start
 * @param onMigration called when a migration has ended
 */
export async function applyMigrations(
  docker: Docker,
  release: ReleaseProcess,
  clone: Clone,
  network: string,
  {
    back = [],
    allowed,
    onMigration,
  }: { back?: readonly string[]; allowed?: Promise<unknown>; onMigration?: (run: MigrationRun) => void } = {},
): Promise<AppliedRun> {
  const collector = new Collector(onMigration ?? (() => undefined));
  const words: [string, ...string[]] = [
    "apply",
    ...(allowed === undefined ? [] : ["--wait"]),
    ...(back.length === 0 ? [] : ["--back", ...back]),
  ];
  const run = onClone(release, clone, network, "owner", words);
  const { exitCode, said } = await runEvents(
    docker,
    run,
    (event) => {
      collector.take(event as ApplyEvent);
    },
    allowed,
  );
  if (exitCode === KILLED)
    collector.killed(`it was killed at its ${Math.round(release.memoryBytes / MEBIBYTE)} MiB of memory`);
  const { began, migrations, outside, lostPermissions } = collector;
  return { began, migrations, outside, lostPermissions, ok: collector.ok && exitCode === 0, said };
}

const MEBIBYTE = 1024 * 1024;

/** Puts events together to migrations. */
class Collector {
  public began = Date.now() / 1000;
  public ok = false;
  public readonly migrations: MigrationRun[] = [];
  public readonly outside: string[] = [];
  public readonly lostPermissions: LostPermission[] = [];
  readonly #onMigration: (run: MigrationRun) => void;
  #open: { migration: string; atomic: boolean; start: number; retries: number } | undefined;
  #statements: StatementRun[] = [];
  #locks: HeldLock[] = [];

  public constructor(onMigration: (run: MigrationRun) => void) {
    this.#onMigration = onMigration;
  }

  public take(event: ApplyEvent): void {
    switch (event.event) {
      case "migration-start":
        if (this.migrations.length === 0) this.began = event.at;
        this.#open = { migration: event.migration, atomic: event.atomic, start: event.at - this.began, retries: 0 };
        this.#statements = [];
        this.#locks = [];
        return;
      case "statement": {
        const { sql, seconds, rows, rewritten, sizeBytes, walBytes, locks, error } = event;
        const measured = { sql, seconds, rows, rewritten, sizeBytes, walBytes, locks };
        this.#statements.push({
          ...measured,
          start: event.at - this.began,
          ...(error === undefined ? {} : { error }),
        });
        return;
      }
      case "lock":
        this.#locks.push({
          table: event.table,
          mode: event.mode,
          from: event.from - this.began,
          until: event.until - this.began,
        });
        return;
      case "retry":
        if (this.#open !== undefined) this.#open.retries++;
        return;
      case "migration-end":
        this.#end(event);
        return;
      case "outside":
        this.outside.push(event.sql);
        return;
      case "permission":
        this.lostPermissions.push({ name: event.name, groups: event.groups });
        return;
      case "done":
        this.ok = event.ok;
    }
  }

  /** Ends the migration at which the process was killed, which could not say so itself. */
  public killed(error: string): void {
    if (this.#open !== undefined) this.#end({ seconds: Date.now() / 1000 - this.began - this.#open.start, error });
  }

  #end({
    seconds,
    left = {},
    error,
  }: {
    seconds: number;
    left?: Readonly<Record<string, string>>;
    error?: string;
  }): void {
    if (this.#open === undefined) return;
    const run: MigrationRun = {
      ...this.#open,
      seconds,
      statements: this.#statements,
      locks: this.#locks,
      ...(Object.keys(left).length === 0 ? {} : { left }),
      ...(error === undefined ? {} : { error }),
    };
    this.#open = undefined;
    this.migrations.push(run);
    this.#onMigration(run);
  }
}
