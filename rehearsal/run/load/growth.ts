import type { Finding, Severity } from "../../finding.ts";
import { bytes, count } from "../../report/format.ts";
import { quantile } from "./latency.ts";
import type { Sample, TaskSample } from "./watch.ts";

/** Something that was measured when so many requests had been answered. */
export interface Point {
  readonly requests: number;
  readonly value: number;
}

/** Growth with requests that does not come to an end. */
export interface Growth {
  readonly from: number;
  readonly to: number;
  /** Requests between the two. */
  readonly requests: number;
}

/** What connections of each role may come to with all threads busy. */
export type MostConnections = Readonly<Record<string, number>>;

const GROUPS = 4;
/** With fewer looks a quarter is one of them, and chance. */
const ENOUGH = 6;
/** What processes keep of their first requests grows ever slower: the last step must be as large a share of the first. */
const UNDIMINISHED = 0.5;
/** What is still there when nobody asks any more is kept. */
const KEPT_SHARE = 0.5;
const DAY_SECONDS = 86_400;
const MEBIBYTE = 1024 * 1024;
/** Less growth than this is what any process has. */
const LEAST = { memory: 6 * MEBIBYTE, connections: 3, files: 12, processes: 8 };

/**
 * Whether something has grown from each quarter of the points to the next, and no slower at the end.
 *
 * @param least growth of less from the second quarter to the last says nothing
 */
export function growth(points: readonly Point[], least: number): Growth | undefined {
  if (points.length < ENOUGH) return undefined;
  const quarters = Array.from({ length: GROUPS }, (_, quarter) =>
    points.slice(Math.floor((points.length * quarter) / GROUPS), Math.floor((points.length * (quarter + 1)) / GROUPS)),
  ).map((some) => ({
    requests: quantile(
      some.map(({ requests }) => requests),
      0.5,
    ),
    value: quantile(
      some.map(({ value }) => value),
      0.5,
    ),
  }));
  const steps = quarters.slice(1).map(({ value }, index) => value - (quarters[index]?.value ?? 0));
  const [second, last] = [quarters[1], quarters.at(-1)];
  const [firstStep = 0, lastStep = 0] = [steps[0], steps.at(-1)];
  if (second === undefined || last === undefined || steps.some((step) => step <= 0)) return undefined;
  if (last.value - second.value < least || lastStep < firstStep * UNDIMINISHED) return undefined;
  return { from: second.value, to: last.value, requests: last.requests - second.requests };
}

interface Series {
  readonly id: string;
  readonly subject: string;
  readonly points: readonly Point[];
  /** Values when nobody asked any more. */
  readonly rest: readonly number[];
  readonly least: number;
  /** Where it ends: undefined where nothing bounds it. */
  readonly limit: number | undefined;
  readonly words: (value: number) => string;
  readonly consequence: string;
  readonly remedy: string;
}

/**
 * What grows with requests and would reach its limit.
 *
 * @param steady samples under load, of tasks that were used to it
 * @param rest samples right after, without load
 */
export function growthFindings(steady: readonly Sample[], rest: readonly Sample[], most: MostConnections): Finding[] {
  const series = [...taskSeries(steady, rest), ...connectionSeries(steady, rest, most)];
  const seconds = ((steady.at(-1)?.at ?? 0) - (steady[0]?.at ?? 0)) / 1000;
  const rate = ((steady.at(-1)?.requests ?? 0) - (steady[0]?.requests ?? 0)) / Math.max(1, seconds);
  const growing = series.flatMap((one) => {
    const grown = growth(one.points, one.least);
    const kept = quantile(one.rest, 0.5);
    if (grown === undefined) return [];
    if (one.rest.length > 0 && kept - grown.from < (grown.to - grown.from) * KEPT_SHARE) return [];
    return [growthFinding(one, grown, rate)];
  });
  // Tasks of a service are alike: one of each tells it.
  return growing.filter(
    (finding, index) =>
      growing.findIndex(({ id, subject }) => id === finding.id && subject === finding.subject) === index,
  );
}

function taskSeries(steady: readonly Sample[], rest: readonly Sample[]): Series[] {
  const containers = new Map(steady.flatMap(({ tasks }) => tasks).map((task) => [task.container, task]));
  return [...containers].flatMap(([container, { service, memoryLimit }]) => {
    const valuesOf = (samples: readonly Sample[], read: (task: TaskSample) => number | undefined): Point[] =>
      samples.flatMap(({ requests, tasks }) => {
        const task = tasks.find((one) => one.container === container);
        const value = task === undefined ? undefined : read(task);
        return value === undefined ? [] : [{ requests, value }];
      });
    const of = (read: (task: TaskSample) => number | undefined) => ({
      points: valuesOf(steady, read),
      rest: valuesOf(rest, read).map(({ value }) => value),
    });
    return [
      {
        id: "load.memory-leak",
        subject: `memory of a task of ${service}`,
        ...of(({ memoryBytes }) => memoryBytes),
        least: LEAST.memory,
        limit: memoryLimit,
        words: bytes,
        consequence: "The kernel ends the task, with all requests that it is at, again and again.",
        remedy: "Find what keeps objects from request to request: caches without a bound, lists of modules, signals.",
      },
      {
        id: "load.files-leak",
        subject: `open files of a task of ${service}`,
        ...of(({ files }) => files),
        least: LEAST.files,
        limit: undefined,
        words: count,
        consequence: "When no more can be opened, the task can neither take nor make connections.",
        remedy: "Close files and connections where they were opened: with blocks, clients that are made once.",
      },
      {
        id: "load.threads-leak",
        subject: `processes and threads of a task of ${service}`,
        ...of(({ processes }) => processes),
        least: LEAST.processes,
        limit: undefined,
        words: count,
        consequence: "Each takes memory, and the engine takes only so many.",
        remedy: "Start threads from a pool of a fixed size, and wait for processes that were started.",
      },
    ];
  });
}

function connectionSeries(steady: readonly Sample[], rest: readonly Sample[], most: MostConnections): Series[] {
  return Object.entries(most).flatMap(([role, bound]) => {
    const of = ({ connections }: Sample) => connections[role] ?? 0;
    // Threads open theirs one after the other, as they come to be needed.
    if (Math.max(0, ...steady.map(of)) <= bound) return [];
    const serverTakes = steady.at(-1)?.most ?? 0;
    return [
      {
        id: "load.connections-leak",
        subject: `connections of role ${role} to the database`,
        points: steady.map((sample) => ({ requests: sample.requests, value: of(sample) })),
        rest: rest.map(of),
        least: LEAST.connections,
        limit: serverTakes === 0 ? undefined : serverTakes,
        words: count,
        consequence: "When the server takes no more, everybody is refused: every page that needs it fails.",
        remedy:
          "Find what opens connections of its own and does not close them: threads, pools, close_old_connections.",
      },
    ];
  });
}

function growthFinding(
  { id, subject, limit, words, consequence, remedy }: Series,
  { from, to, requests }: Growth,
  rate: number,
): Finding {
  const left = limit === undefined ? undefined : ((limit - to) / (to - from)) * requests;
  const severity: Severity = left !== undefined && left / Math.max(rate, 0.1) < DAY_SECONDS ? "blocking" : "warning";
  const end =
    left === undefined || limit === undefined
      ? ""
      : `; after ${count(Math.max(0, Math.round(left)))} more it would be at the limit of ${words(limit)}`;
  return {
    id,
    severity,
    subject,
    cause: `it grew from ${words(from)} to ${words(to)} within ${count(requests)} requests, and did not slow down${end}`,
    consequence,
    remedy,
  };
}
