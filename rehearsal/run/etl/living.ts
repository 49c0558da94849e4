import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { runInContainer } from "../../../engine/container-command.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import type { Finding } from "../../finding.ts";
import { askRuntime, RUNTIME } from "../../runtime.ts";
import type { RunContext, WorkerProcess } from "../context.ts";
import type { Contents } from "./contents.ts";
import { differingTables, resultFindings, standstill, type TableDifference, withoutKnown } from "./judge.ts";
import { endedOf, POLL_MILLISECONDS, type StartedWorker, untilPresent, type WorkerRun } from "./worker-run.ts";

/** Names of variables that say how long a worker waits between two looks at its input, in seconds. */
const INTERVAL = /(?:^|_)(?:INTERVAL|PERIOD|POLL|POLLING|EVERY|FREQUENCY)(?:_|$)/;
const SHORT_SECONDS = 2;
/** How long a worker may take to log in anew: it may wait a little longer each time. */
const ANEW_SECONDS = 40;

/** What the runtime layer has beside each worker, and calls itself in the database. */
const BESIDE = "rehearsal intake";

const END_IDLE = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = ANY ($1) AND usename = $2 AND state = 'idle' AND application_name <> $3`;
const NEW_SESSIONS = `
  SELECT DISTINCT datname AS database FROM pg_stat_activity
  WHERE datname = ANY ($1) AND usename = $2 AND application_name <> $3 AND backend_start > $4::timestamptz`;
const NOW = "SELECT clock_timestamp()::text AS at";

/** How often tables are looked at, and how often they must be the same until nothing comes any more. */
const LOOK_SECONDS = 2;
const LOOKS = 3;
const STEADY_SECONDS = 90;
/** How long it may take until the first of what changed is stored. */
const NOTICE_SECONDS = 20;
const ROOT = "0:0";

/** What both workers have stored by now. */
interface Stored {
  readonly before: Contents;
  readonly now: Contents;
}

/** Two workers, each with a database in which it has taken in its input before. */
export interface LivingWorkers {
  readonly before: WorkerProcess;
  readonly now: WorkerProcess;
  /** Of the release before. */
  readonly release: string;
  /** In which they log in. */
  readonly role: string;
  /** Of the server, in a role that sees and ends the sessions of all. */
  readonly server: pg.Client;
  /** Databases of the two. */
  readonly databases: { readonly before: string; readonly now: string };
  /** Differences that are there already. */
  readonly known: readonly TableDifference[];
  /** What stood in the databases at first. */
  readonly empty: Stored;
  readonly look: () => Promise<Stored>;
  /** Starts both, and stops them after that. */
  readonly start: (
    workers: { readonly before: StartedWorker; readonly now: StartedWorker },
    until: (runs: readonly WorkerRun[]) => Promise<void>,
  ) => Promise<unknown>;
}

/**
 * Whether workers that go on take in what changes under them, and find back to their database: what a process remembers is
 * right until then. Nothing is tried where no variable says how often they look, or with a release whose image cannot do it.
 */
export async function liveOn(context: RunContext, workers: LivingWorkers): Promise<Finding[]> {
  const [before, now] = [restless(workers.before), restless(workers.now)];
  if (before === undefined || now === undefined) return [];
  const folders = await Promise.all([inputsOf(context, before), inputsOf(context, now)]);
  const started = {
    before: { ...before, ...(folders[0].length > 0 ? { writable: folders[0] } : {}) },
    now: { ...now, ...(folders[1].length > 0 ? { writable: folders[1] } : {}) },
  };
  const findings: Finding[] = [];
  await workers.start(started, async (runs) => {
    await untilPresent(workers.server, runs, context.signal);
    const stood = await untilSteady(workers, context.signal);
    if (await varied(context, runs, folders)) findings.push(...(await differences(context, workers, runs, stood)));
    const goesOn = await endSessions(workers.server, workers.role, runs, context.signal);
    if (goesOn.has(workers.databases.before) && !goesOn.has(workers.databases.now))
      findings.push(standstill(workers.release));
  });
  return findings;
}

async function differences(
  context: RunContext,
  workers: LivingWorkers,
  runs: readonly WorkerRun[],
  stood: Stored,
): Promise<Finding[]> {
  const { empty, known, release, databases, look } = workers;
  for (const until = Date.now() + NOTICE_SECONDS * 1000; isDeepStrictEqual((await look()).before, stood.before); ) {
    // Whoever does not look at these files again cannot be compared with.
    if (Date.now() > until) return [];
    await sleep(POLL_MILLISECONDS, undefined, { signal: context.signal });
  }
  const stored = await untilSteady(workers, context.signal);
  const found = differingTables(
    { empty: empty.before, filled: stored.before },
    { empty: empty.now, filled: stored.now },
  );
  return resultFindings(withoutKnown(found, known), {
    pass: "changed",
    release,
    samples: [],
    said: runs.find(({ database }) => database === databases.now)?.said ?? [],
  });
}

/** Waits until several looks have found the same. */
async function untilSteady({ look }: LivingWorkers, signal: AbortSignal): Promise<Stored> {
  let last = await look();
  let same = 0;
  for (const until = Date.now() + STEADY_SECONDS * 1000; Date.now() < until && same < LOOKS; ) {
    await sleep(LOOK_SECONDS * 1000, undefined, { signal });
    const stored = await look();
    same = isDeepStrictEqual(stored, last) ? same + 1 : 0;
    last = stored;
  }
  return last;
}

/** Writes the input of each anew; whether there was any, and for both. */
async function varied(
  { engine }: RunContext,
  runs: readonly WorkerRun[],
  folders: readonly (readonly string[])[],
): Promise<boolean> {
  if (folders.some(({ length }) => length === 0)) return false;
  const counts = await Promise.all(
    runs.map(async ({ shot }, at) => {
      let count = 0;
      for (const folder of folders[at] ?? []) {
        const { exitCode, output } = await runInContainer(engine, shot.id, [RUNTIME, "vary-input", folder], "", ROOT);
        count += exitCode === 0 ? Number(output.at(-1)) : 0;
      }
      return count;
    }),
  );
  return counts.every((count) => count > 0);
}

/** Folders from which a worker takes its input, as the settings of its release name them. */
async function inputsOf({ engine, environment }: RunContext, worker: WorkerProcess): Promise<readonly string[]> {
  const answer = await askRuntime<{ inputs?: string[] }>(engine, {
    name: `${environment}-etl-inputs`,
    image: worker.image,
    command: "settings",
    environment: { ...worker.environment, SETTINGS_SIGNATURE: "" },
    secrets: worker.secrets,
    networks: [],
    memoryBytes: worker.memoryBytes,
    labels: temporaryLabels(),
  });
  return "said" in answer ? (answer.said.inputs ?? []) : [];
}

/**
 * A worker that looks at its input every few seconds, to be seen to live on; undefined where no variable of it says how often
 * it does.
 */
export function restless(worker: WorkerProcess): StartedWorker | undefined {
  const names = Object.entries(worker.environment).flatMap(([name, value]) =>
    INTERVAL.test(name) && /^\d+$/.test(value) && Number(value) > SHORT_SECONDS ? [name] : [],
  );
  if (names.length === 0) return undefined;
  const shorter = Object.fromEntries(names.map((name) => [name, String(SHORT_SECONDS)]));
  return { ...worker, environment: { ...worker.environment, ...shorter } };
}

/**
 * Ends the sessions of workers while these wait, as a server does that starts anew, and looks which log in again.
 *
 * @param client in a role that may end the sessions of all
 * @returns databases whose worker goes on, or has ended and would be started anew
 */
async function endSessions(
  client: pg.Client,
  role: string,
  runs: readonly WorkerRun[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const databases = runs.map(({ database }) => database);
  const goesOn = endedOf(runs);
  // Twice as long as they wait: each has been idle then.
  for (const until = Date.now() + 2 * SHORT_SECONDS * 1000; Date.now() < until; ) {
    await client.query(END_IDLE, [databases, role, BESIDE]);
    await sleep(POLL_MILLISECONDS);
  }
  const { rows: now } = await client.query<{ at: string }>(NOW);
  const since = now[0]?.at ?? "";
  for (const until = Date.now() + ANEW_SECONDS * 1000; Date.now() < until && goesOn.size < runs.length; ) {
    signal.throwIfAborted();
    const { rows } = await client.query<{ database: string }>(NEW_SESSIONS, [databases, role, BESIDE, since]);
    for (const { database } of rows) goesOn.add(database);
    await sleep(POLL_MILLISECONDS);
  }
  return goesOn;
}
