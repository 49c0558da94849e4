import type Docker from "dockerode";
import type { Clone } from "../snapshot/clone.ts";
import { type AppliedRun, applyMigrations } from "./apply.ts";
import { type LockWait, LongTransaction } from "./long-transaction.ts";
import type { CodeOperation, OutgoingCode } from "./outgoing-code.ts";
import type { ReleaseProcess } from "./releases.ts";
import type { TrafficOperation } from "./result.ts";
import { type KnownStatement, keepPlanning, mentions } from "./statements.ts";

/** How much longer than the allowed wait a long transaction stays in a migration's way. */
const BEYOND_LIMIT_SECONDS = 0.5;

/** What the outgoing release's code went through while migrations ran. Times are seconds since the run began. */
export interface TrafficFacts {
  readonly run: AppliedRun;
  /** Those that overlapped the run. */
  readonly operations: readonly TrafficOperation[];
  readonly longTransactions: readonly { readonly from: number; readonly until: number }[];
  readonly migratorWaits: readonly LockWait[];
}

/** Applies the migrations to a clone on which the outgoing release is at work. */
export async function applyUnderTraffic(
  docker: Docker,
  parts: {
    readonly clone: Clone;
    readonly network: string;
    readonly incoming: ReleaseProcess;
    readonly code: OutgoingCode;
    readonly statements: readonly KnownStatement[];
    /** That the migrations concern and that exist already. */
    readonly tables: readonly string[];
    /** Longest wait that is allowed, in seconds. */
    readonly limit: number;
  },
): Promise<TrafficFacts> {
  const { clone, network, incoming, code, statements, tables, limit } = parts;
  const administrator = clone.address;
  const concerned = statements.filter(({ query }) => tables.some((table) => mentions(query, lastPart(table))));
  const long = new LongTransaction(clone.as("app"), administrator, tables, limit + BEYOND_LIMIT_SECONDS);
  const planning = keepPlanning(clone.as("app"), concerned);
  const ready = Promise.withResolvers<unknown>();
  const applying = applyMigrations(docker, incoming, clone, network, {
    allowed: ready.promise,
    onMigration: () => {
      long.again();
    },
  });
  // Whoever awaits it is told.
  applying.catch(() => undefined);
  await code.traffic(tables);
  await long.begin();
  ready.resolve(undefined);
  const run = await applying;
  await long.end();
  const operations = [...(await code.pause()), ...(await planning.stop())];
  const relative = (span: { from: number; until: number }) => ({
    from: span.from - run.began,
    until: span.until - run.began,
  });
  return {
    run,
    operations: duringRun(operations, run.began),
    longTransactions: long.spans.map(relative),
    migratorWaits: long.waits.map((wait) => ({ ...wait, ...relative(wait) })),
  };
}

/** The operations that had not ended when the run began, with what each usually takes. */
export function duringRun(operations: readonly CodeOperation[], began: number): TrafficOperation[] {
  const before = new Map<string, number[]>();
  for (const { operation, at, seconds } of operations) {
    if (at === undefined || at + seconds >= began) continue;
    before.set(operation, [...(before.get(operation) ?? []), seconds]);
  }
  return operations.flatMap(({ operation, at, seconds, error }) => {
    if (at === undefined || at + seconds < began) return [];
    const usual = median(before.get(operation) ?? []);
    return [{ operation, start: at - began, seconds, usual, ...(error === null ? {} : { error }) }];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function lastPart(table: string): string {
  return table.split(".").at(-1) ?? table;
}
