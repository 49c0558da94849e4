import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type pg from "pg";
import { type StartedOneShot, startOneShot } from "../../../engine/one-shot.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { RUNTIME } from "../../runtime.ts";
import type { WorkerProcess } from "../context.ts";

/** A worker at work on a database of its own. */
export interface WorkerRun {
  readonly database: string;
  readonly shot: StartedOneShot;
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

const POLL_MILLISECONDS = 250;
/** A worker that has written and then writes nothing for so long has nothing left to do. */
const QUIET_SECONDS = 4;
/** How long the first row may take to come: the process starts, and looks for migrators. */
const FIRST_SECONDS = 25;
/** A worker still at it then has been given enough. */
const LIMIT_SECONDS = 120;
const KEPT_LINES = 12;

const WRITTEN = `
  SELECT s.datname AS database, (s.tup_inserted + s.tup_updated + s.tup_deleted)::float8 AS written,
         EXISTS (SELECT FROM pg_stat_activity a
                 WHERE a.datid = s.datid AND a.state <> 'idle' AND a.pid <> pg_backend_pid()) AS busy
  FROM pg_stat_database s WHERE s.datname = ANY ($1)`;

/** Starts a worker as its service does, on another database. */
export async function startWorker(engine: Docker, worker: WorkerProcess, place: WorkerPlace): Promise<WorkerRun> {
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
      labels: temporaryLabels(),
    },
    (line) => {
      if (said.push(line) > KEPT_LINES) said.shift();
    },
  );
  return { database: place.database, shot, said };
}

/**
 * Waits until workers have nothing left to do: they have ended, or write nothing any more.
 *
 * @param client in a role that sees the sessions of all
 */
export async function untilQuiet(client: pg.Client, runs: readonly WorkerRun[], signal: AbortSignal): Promise<void> {
  const started = Date.now();
  const databases = runs.map(({ database }) => database);
  const seen = new Map<string, { first: number; written: number; since: number }>();
  const ended = new Set<string>();
  for (const { database, shot } of runs) {
    void shot.ended.catch(() => undefined).then(() => ended.add(database));
  }
  for (;;) {
    signal.throwIfAborted();
    const { rows } = await client.query<{ database: string; written: number; busy: boolean }>(WRITTEN, [databases]);
    const now = Date.now();
    const done = rows.map(({ database, written, busy }) => {
      const before = seen.get(database) ?? { first: written, written, since: now };
      const since = busy || written !== before.written ? now : before.since;
      seen.set(database, { ...before, written, since });
      if (ended.has(database)) return true;
      return written === before.first ? now - started > FIRST_SECONDS * 1000 : now - since > QUIET_SECONDS * 1000;
    });
    if (done.every(Boolean) || now - started > LIMIT_SECONDS * 1000) return;
    await sleep(POLL_MILLISECONDS);
  }
}
