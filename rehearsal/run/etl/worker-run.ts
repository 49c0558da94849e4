import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type pg from "pg";
import { type StartedOneShot, startOneShot } from "../../../engine/one-shot.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { RUNTIME } from "../../runtime.ts";
import type { WorkerProcess } from "../context.ts";

/** A worker as it is to be started. */
export interface StartedWorker extends WorkerProcess {
  /** Folders whose files can be changed while it runs. */
  readonly writable?: readonly string[];
}

/** A worker at work on a database of its own. */
export interface WorkerRun {
  readonly database: string;
  readonly shot: StartedOneShot;
  /** Its lines, the last ones where there are very many. */
  readonly said: readonly string[];
}

/** Where a worker finds its database. */
export interface WorkerPlace {
  /** Name of the container. */
  readonly name: string;
  readonly database: string;
  /** As the worker reaches it, in its role. */
  readonly url: string;
  /** Network, by name, on which nothing but the database is. */
  readonly network: string;
  /** What the worker takes for the name of its release: one that passes over what its release has read, reads it. */
  readonly release: string;
}

export const POLL_MILLISECONDS = 250;
/** A worker that has written and then writes nothing for so long has nothing left to do. */
const QUIET_SECONDS = 4;
/** How long it may take to log in: on a busy machine a process needs a while to start. */
const LOGIN_SECONDS = 75;
/** How long the first row may take to come once the worker has logged in: it looks for migrators first. */
const FIRST_SECONDS = 25;
/** A worker still at it then has been given enough. */
const LIMIT_SECONDS = 120;
const KEPT_LINES = 5000;

const ACTIVITY = `
  SELECT s.datname AS database, (s.tup_inserted + s.tup_updated + s.tup_deleted)::float8 AS written,
         EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = s.datid AND a.pid <> pg_backend_pid()) AS present,
         EXISTS (SELECT FROM pg_stat_activity a
                 WHERE a.datid = s.datid AND a.state <> 'idle' AND a.pid <> pg_backend_pid()) AS busy
  FROM pg_stat_database s WHERE s.datname = ANY ($1)`;

const HANDLED = `
  SELECT d.datname AS database, sum(s.rows)::float8 AS rows
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
  WHERE r.rolname = $1 GROUP BY 1`;

/** Starts a worker as its service does, on another database. */
export async function startWorker(engine: Docker, worker: StartedWorker, place: WorkerPlace): Promise<WorkerRun> {
  const said: string[] = [];
  const shot = await startOneShot(
    engine,
    {
      name: place.name,
      image: worker.image,
      command: [RUNTIME, "worker", "--secrets-from-stdin", "--", ...worker.command],
      environment: { ...worker.environment, RELEASE: place.release },
      secrets: { ...worker.secrets, DATABASE_URL: place.url },
      networks: [place.network],
      memoryBytes: worker.memoryBytes,
      ...(worker.writable === undefined ? {} : { writable: worker.writable }),
      labels: temporaryLabels(),
    },
    (line) => {
      if (said.push(line) > KEPT_LINES) said.shift();
    },
  );
  return { database: place.database, shot, said };
}

interface Activity {
  readonly database: string;
  readonly written: number;
  readonly present: boolean;
  readonly busy: boolean;
}

/**
 * Waits until workers have nothing left to do: they have ended, or write nothing any more.
 *
 * @param client in a role that sees the sessions of all
 */
export async function untilQuiet(client: pg.Client, runs: readonly WorkerRun[], signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const databases = runs.map(({ database }) => database);
  /** `since` it has written nothing, or, before it has written anything, since it has logged in. */
  const seen = new Map<string, { first: number; written: number; since: number; present: boolean }>();
  const ended = endedOf(runs);
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await client.query<Activity>(ACTIVITY, [databases]);
    const now = Date.now();
    const done = rows.map(({ database, written, busy, ...activity }) => {
      const before = seen.get(database) ?? { first: written, written, since: now, present: false };
      const present = before.present || activity.present;
      const since = busy || !present || written !== before.written ? now : before.since;
      seen.set(database, { ...before, written, since, present });
      if (ended.has(database)) return true;
      if (!present) return now - started > LOGIN_SECONDS * 1000;
      return now - since > (written === before.first ? FIRST_SECONDS : QUIET_SECONDS) * 1000;
    });
    if (done.every(Boolean) || now - started > LIMIT_SECONDS * 1000) return;
    await sleep(POLL_MILLISECONDS);
  }
}

/** Databases whose worker has ended; more are added as they do. */
export function endedOf(runs: readonly WorkerRun[]): Set<string> {
  const ended = new Set<string>();
  for (const { database, shot } of runs) {
    void shot.ended.catch(() => undefined).then(() => ended.add(database));
  }
  return ended;
}

/** Waits until workers have logged in, or have ended, or have had time to. */
export async function untilPresent(client: pg.Client, runs: readonly WorkerRun[], signal: AbortSignal): Promise<void> {
  const databases = runs.map(({ database }) => database);
  const here = endedOf(runs);
  for (const until = Date.now() + LOGIN_SECONDS * 1000; Date.now() < until && here.size < runs.length; ) {
    signal.throwIfAborted();
    const { rows } = await client.query<Activity>(ACTIVITY, [databases]);
    for (const { database, present } of rows) if (present) here.add(database);
    await sleep(POLL_MILLISECONDS);
  }
}

/**
 * Rows that the statements of a role have returned or changed, by database; undefined where the server does not count them.
 *
 * @param client of a server of one's own
 */
export async function rowsHandled(client: pg.Client, role: string): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    await client.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
    const { rows } = await client.query<{ database: string; rows: number }>(HANDLED, [role]);
    return new Map(rows.map(({ database, rows: handled }) => [database, handled]));
  } catch {
    return undefined;
  }
}
