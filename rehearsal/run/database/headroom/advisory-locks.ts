import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { duration } from "../../../report/format.ts";

/** A session that holds a lock of the application's own and does nothing. */
export interface LockHolder {
  readonly role: string;
  readonly application: string;
  /** Where it connects from; null through the server's own socket. */
  readonly address: string | null;
  /** The lock's number, or its two. */
  readonly lock: string;
  /** Since when it has done nothing. */
  readonly seconds: number;
}

/** A session that works does something in that time. */
const IDLE_SECONDS = 60;

const HOLDERS = `
  SELECT coalesce(a.usename, '') AS role, coalesce(a.application_name, '') AS application, host(a.client_addr) AS address,
    CASE l.objsubid WHEN 1 THEN ((l.classid::bigint << 32) | l.objid::bigint)::text ELSE l.classid || ', ' || l.objid END AS lock,
    extract(epoch FROM clock_timestamp() - a.state_change)::float8 AS seconds
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND a.state LIKE 'idle%'
  ORDER BY 1, 4`;

/**
 * Advisory locks that sessions hold which are no task's: jobs that need such a lock skip their work, and most say nothing.
 *
 * @param tasks addresses of the environment's tasks; one of them may hold a lock for as long as it runs
 */
export async function heldLocks(client: pg.Client, tasks: readonly string[]): Promise<Finding[]> {
  const { rows } = await client.query<LockHolder>(HOLDERS);
  return lockFindings(rows, tasks);
}

/** Judges who holds locks. */
export function lockFindings(holders: readonly LockHolder[], tasks: readonly string[]): Finding[] {
  const strangers = holders.filter(
    ({ address, seconds }) => seconds >= IDLE_SECONDS && (address === null || !tasks.includes(address)),
  );
  return strangers.map(({ role, application, address, lock, seconds }) => ({
    id: "database.lock-held",
    severity: "blocking",
    subject: `advisory lock ${lock}`,
    cause:
      `a session of ${role}${application === "" ? "" : ` (${application})`} from ${address ?? "the server itself"}, which is no task of the ` +
      `environment, holds it and has done nothing for ${duration(seconds)}`,
    consequence: "Jobs that take this lock wait, or skip their work and say nothing: data goes stale.",
    remedy: "Find whose session it is and end it (pg_terminate_backend); locks of a transaction end with it.",
  }));
}
