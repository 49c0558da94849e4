import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { bytes, count, duration } from "../../../report/format.ts";

/** How old the oldest transaction numbers of a database are. */
export interface DatabaseAge {
  readonly database: string;
  readonly transactions: number;
  readonly multixacts: number;
  /** Age at which the server begins to freeze on its own. */
  readonly freezeMaxAge: number;
  readonly multixactFreezeMaxAge: number;
}

/** Something that keeps old rows or write-ahead log from being removed. */
export interface Holder {
  readonly kind: "session" | "prepared" | "slot";
  /** Role of a session, name of a prepared transaction or slot. */
  readonly name: string;
  /** State of a session, `lost` or `inactive` of a slot. */
  readonly state: string;
  readonly seconds: number;
  /** Write-ahead log that a slot retains. */
  readonly bytes: number;
}

/** The server stops accepting transactions three million before the numbers are used up. */
const LIMIT = 2 ** 31 - 3_000_000;
const STOP_SHARE = 0.7;
const WARN_SHARE = 0.4;
const SESSION_SECONDS = 300;
const PREPARED_SECONDS = 300;
const SLOT_BYTES = 1_000_000_000;

const AGES = `
  SELECT datname AS database, age(datfrozenxid)::float8 AS transactions, mxid_age(datminmxid)::float8 AS multixacts,
    current_setting('autovacuum_freeze_max_age')::float8 AS "freezeMaxAge",
    current_setting('autovacuum_multixact_freeze_max_age')::float8 AS "multixactFreezeMaxAge"
  FROM pg_database ORDER BY 2 DESC`;

const SESSIONS = `
  SELECT 'session' AS kind, coalesce(usename, '') AS name, coalesce(state, '') AS state,
    extract(epoch FROM clock_timestamp() - CASE WHEN state LIKE 'idle in transaction%' THEN state_change ELSE xact_start END)::float8 AS seconds,
    0::float8 AS bytes
  FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'`;

const PREPARED = `
  SELECT 'prepared' AS kind, gid AS name, '' AS state,
    extract(epoch FROM clock_timestamp() - prepared)::float8 AS seconds, 0::float8 AS bytes
  FROM pg_prepared_xacts WHERE database = current_database()`;

const SLOTS = `
  SELECT 'slot' AS kind, slot_name AS name, CASE WHEN wal_status = 'lost' THEN 'lost' ELSE 'inactive' END AS state, 0::float8 AS seconds,
    coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, restart_lsn), 0)::float8 AS bytes
  FROM pg_replication_slots WHERE NOT active AND NOT temporary`;

/** Transaction numbers that run out, on any database of the server: one that is out of them stops all. */
export async function transactionHeadroom(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<DatabaseAge>(AGES);
  return ageFindings(rows);
}

/**
 * Transactions left open or prepared, and slots that nobody reads.
 *
 * @param own whether the server is the environment's alone: no slot is declared there, and none has a reader that rests
 */
export async function heldBack(client: pg.Client, own: boolean): Promise<Finding[]> {
  const found: Holder[] = [];
  for (const query of [SESSIONS, PREPARED, SLOTS]) found.push(...(await client.query<Holder>(query)).rows);
  return holderFindings(found, own);
}

/** Judges how near databases are to the last number. */
export function ageFindings(ages: readonly DatabaseAge[]): Finding[] {
  return ages.flatMap(({ database, transactions, multixacts, freezeMaxAge, multixactFreezeMaxAge }) => [
    ...ageFinding(database, "transaction", transactions, freezeMaxAge),
    ...ageFinding(database, "multixact", multixacts, multixactFreezeMaxAge),
  ]);
}

function ageFinding(database: string, kind: string, age: number, freezeMaxAge: number): Finding[] {
  const share = age / LIMIT;
  // Up to there nothing is late: the server freezes only from then on.
  if (share < WARN_SHARE || age < freezeMaxAge * 1.2) return [];
  return [
    {
      id: "database.wraparound",
      severity: share >= STOP_SHARE ? "blocking" : "warning",
      subject: `database ${database}`,
      cause:
        `its oldest ${kind} number is ${count(age)} old, and at ${count(LIMIT)} the server stops: ${Math.round(share * 100)} % are used; ` +
        `freezing should have begun at ${count(freezeMaxAge)}`,
      consequence: "At the last number the server refuses every write until old rows are frozen, which takes hours.",
      remedy:
        "Find what keeps vacuum from freezing (open or prepared transactions, replication slots, autovacuum off), end it, " +
        "and run VACUUM (FREEZE) on the oldest tables.",
    },
  ];
}

/** Judges what keeps old rows and write-ahead log. */
export function holderFindings(holders: readonly Holder[], own = false): Finding[] {
  return holders.flatMap((holder): Finding[] => {
    const { kind, name, state, seconds, bytes: retained } = holder;
    if (kind === "session") {
      if (seconds < SESSION_SECONDS) return [];
      const idle = state.startsWith("idle");
      return [
        {
          id: "database.open-transaction",
          severity: "warning",
          subject: `a session of ${name}`,
          cause: `its transaction ${idle ? "has been open and idle" : "has run"} for ${duration(seconds)}`,
          consequence:
            "A migration waits for its locks, everything else behind the migration; vacuum removes no row meanwhile.",
          remedy: `Find where the code leaves a transaction open, and set idle_in_transaction_session_timeout; end it with pg_terminate_backend.`,
        },
      ];
    }
    if (kind === "prepared") {
      if (seconds < PREPARED_SECONDS) return [];
      return [
        {
          id: "database.prepared-transaction",
          severity: "blocking",
          subject: `prepared transaction ${name}`,
          cause: `it was prepared ${duration(seconds)} ago and neither committed nor rolled back`,
          consequence: "It holds its locks through restarts, and vacuum removes no row that is younger.",
          remedy: "COMMIT PREPARED or ROLLBACK PREPARED, as whoever prepared it would have done.",
        },
      ];
    }
    const lost = state === "lost";
    return [
      {
        id: "database.replication-slot",
        severity: own || lost || retained >= SLOT_BYTES ? "blocking" : "warning",
        subject: `replication slot ${name}`,
        cause: lost
          ? "the write-ahead log that its reader needs is gone"
          : `nobody reads it; ${bytes(retained)} of write-ahead log are kept for it`,
        consequence: lost
          ? "Its replica or consumer cannot go on: it must be built anew."
          : "The log grows until the storage is full, and then the server stops.",
        remedy: "Start its reader, or drop it: SELECT pg_drop_replication_slot('NAME').",
      },
    ];
  });
}
