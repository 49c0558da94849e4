import type { Check, Finding } from "./check.ts";
import { inspection } from "./release-inspection.ts";
import { runningTasks } from "./running-tasks.ts";

/** A run as the project's status command tells it; what it does not tell is not looked at. */
interface Run {
  readonly feed?: unknown;
  readonly status?: unknown;
  readonly started_at?: unknown;
  readonly finished_at?: unknown;
  /** A number, or numbers by what became of the rows. */
  readonly rows?: unknown;
  readonly error?: unknown;
}

const UNDER_WAY = /^(?:running|started|pending|queued|in.progress)$/i;
const WELL = /^(?:succeeded|success|successful|ok|done|finished|completed?|passed|interrupted)$/i;
/** Rows that arrived, whatever became of them then. */
const ARRIVED = ["loaded", "updated", "unchanged", "inserted", "written", "skipped"];

/** A run that takes in nothing reports success like any other. */
export const etlLastRun: Check = {
  id: "etl.last-run",
  title: "the ETL's last runs succeeded and took in rows",
  cause: "A source whose columns, format or place changed, or a job that fails on this release.",
  consequence: "Reports and pages go on showing old data, and nobody is told.",
  remedy: "See the worker's log and the source; checks.etlRowFloor says how many rows a run must take in.",
  notApplicable: ({ checks, services }) => {
    if (checks.etl === "none") return "checks.etl is none";
    return services.some(({ role }) => role === "etl") ? undefined : "etl.command is none";
  },
  run: async (environment) => {
    const worker = environment.services.find(({ role }) => role === "etl");
    const [status, tasks] = await Promise.all([
      inspection(environment, "etl"),
      runningTasks(environment.engine, worker?.name ?? ""),
    ]);
    const since = Math.min(...tasks.map(({ startedAt }) => startedAt));
    const runs = runsOf(status);
    if (runs.length === 0) return [{ expected: "a run of the ETL", seen: "none yet", warning: true }];
    return runs.flatMap((run) => judge(run, environment.checks.etlRowFloor, since));
  },
};

/** The newest run of each feed, or the newest of all where no feeds are told. */
function runsOf(status: unknown): Run[] {
  if (!isObject(status)) throw new Error(`checks.etl must print a JSON object; it printed ${JSON.stringify(status)}`);
  const feeds = Array.isArray(status["feeds"]) ? status["feeds"] : [];
  const ofFeeds = feeds.filter(isObject).flatMap((feed) => {
    const run = feed["last_run"];
    return isObject(run) ? [{ feed: feed["feed"], ...run }] : [];
  });
  const last = status["last_run"];
  if (ofFeeds.length > 0 || !isObject(last)) return ofFeeds;
  return [last];
}

function judge(run: Run, floor: number, since: number): Finding[] {
  const status = textOf(run.status);
  const name = run.feed === undefined ? "the ETL's last run" : `the last run of ${textOf(run.feed)}`;
  if (run.finished_at === null || UNDER_WAY.test(status)) return [];
  // A run before this release's worker started says nothing of this release.
  const finished = Date.parse(textOf(run.finished_at));
  const old = Number.isFinite(finished) && finished < since ? { warning: true as const } : {};
  if (!WELL.test(status)) {
    const error = typeof run.error === "string" && run.error !== "" ? `: ${run.error}` : "";
    return [{ expected: `${name} with success`, seen: `${status}${error}`, ...old }];
  }
  const rows = rowsOf(run.rows);
  if (rows === undefined || rows >= floor || /^interrupted$/i.test(status)) return [];
  return [{ expected: `${name} with ${floor} rows or more`, seen: `${rows}, ${status}`, ...old }];
}

function rowsOf(rows: unknown): number | undefined {
  if (typeof rows === "number") return rows;
  if (!isObject(rows)) return undefined;
  const counts = ARRIVED.flatMap((name) => (typeof rows[name] === "number" ? [rows[name]] : []));
  if (counts.length > 0) return counts.reduce((sum, count) => sum + count, 0);
  return typeof rows["read"] === "number" ? rows["read"] : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
