import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { KILLED, type OneShot, startOneShot } from "../../engine/one-shot.ts";
import { bytes } from "../report/format.ts";
import type { Clone } from "../snapshot/clone.ts";
import { onClone, type ReleaseProcess } from "./releases.ts";

/** One request or query that a release's own code did. */
export interface CodeOperation {
  /** For example `GET /` or `INSERT flights.Flight`. */
  readonly operation: string;
  readonly table?: string;
  /** Whether it worked with a row that was made up, since there was none. */
  readonly madeUp?: boolean;
  /** Seconds since 1970; only under traffic. */
  readonly at?: number;
  readonly seconds: number;
  /** SQL statements that it took. */
  readonly statements?: number;
  /** Log records that it made. */
  readonly records?: number;
  /** Servers outside that it asked, and for how many seconds it would have waited for each; null without a limit. */
  readonly outside?: Readonly<Record<string, number | null>>;
  /** What those were offered for whom it asked, in words. */
  readonly offers?: readonly string[];
  /** Columns that hold something else once a row is saved as it is. */
  readonly touched?: readonly string[];
  /** Bytes of memory that it took at its peak, beyond what the process had; 0 for few, left out where nobody counts. */
  readonly memory?: number;
  /** Null where it worked. */
  readonly error: string | null;
}

/** A way to change rows, such as `POST /admin/shop/order/ ship`. */
export interface CodeEffect {
  readonly operation: string;
  /** Paths that say something else after it. */
  readonly pages: readonly string[];
  /** Left out where it succeeded. */
  readonly error?: string;
}

/** What saving shows to visitors. */
export interface CodeEffects {
  /** What each page says before anything is changed, by its path: `page` (for people) or `data`, a colon and a digest. */
  readonly pages: Readonly<Record<string, string>>;
  readonly effects: readonly CodeEffect[];
}

/** What stands in an answer of a release: on a page, in a download, or of its API. */
export interface CodeAnswer {
  readonly path: string;
  /** Whether it is for people to look at. */
  readonly page: boolean;
  /** SQL statements that it takes once in the life of a process, and not when it is asked for again. */
  readonly kept?: number;
  /** Parameters of its address that its links to other pages of the same hand on; null or left out where it has none. */
  readonly carried?: readonly string[] | null;
  /** What programs read in it, and whose numbers are written otherwise for visitors with another language. */
  readonly localized?: readonly string[];
  /** By field or column: all its values, in no order. */
  readonly values: Readonly<Record<string, AnsweredValues>>;
}

/** The values of one field. */
export interface AnsweredValues {
  readonly digest: string;
  readonly count: number;
  /** How many of them are not empty. */
  readonly filled: number;
  /** Whether all that are not empty are numbers. */
  readonly numeric: boolean;
  /** The first of them. */
  readonly sample: readonly string[];
}

type SmokeEvent =
  | { event: "begins"; name: string }
  | ({ event: "operation" } & CodeOperation)
  | ({ event: "answer" } & CodeAnswer)
  | ({ event: "effect" } & CodeEffect)
  | { event: "page"; path: string; text: string }
  | { event: "ready" }
  | { event: "round" }
  | { event: "busy" }
  | { event: "paused"; operations: number };

/** How long the first operation of the traffic may take to come. */
const FIRST_MILLISECONDS = 120_000;
/** How long the others are waited for after it. */
const WARM_UP_MILLISECONDS = 20_000;

/** The code of a release at work on a clone, in the role of the application. */
export interface OutgoingCode {
  /**
   * Does each of its requests and queries once.
   *
   * @param tables into which rows are inserted also with one value left out at a time
   */
  once(tables?: readonly string[]): Promise<CodeOperation[]>;
  /** Of `once` only the rows of tables with one value left out at a time. */
  variations(tables: readonly string[]): Promise<CodeOperation[]>;
  /** What its pages, its API and its downloads answer to a visitor, without what differs each time. */
  answers(): Promise<CodeAnswer[]>;
  /** Changes rows, and looks which of its pages say something else then. */
  effects(): Promise<CodeEffects>;
  /** Asks for paths as a visitor does. */
  ask(paths: readonly string[]): Promise<CodeOperation[]>;
  /** What they answered in the last round of `once`. */
  answered(): readonly CodeAnswer[];
  /**
   * Goes on doing those that concern the tables, until `pause`. Resolves when each has been done once, or a while after
   * the first: it is known then what they usually take.
   *
   * @throws Error when none has ended in time: whoever went on would see nobody wait
   */
  traffic(tables: readonly string[]): Promise<void>;
  /** Ends the traffic and gives what it did. */
  pause(): Promise<CodeOperation[]>;
  end(): Promise<void>;
}

/**
 * Starts the code of a release on a clone: its pages, its admin, and reading and writing through its models, in
 * transactions that are rolled back.
 *
 * @param paths of the project that are asked for first
 */
export async function startCode(
  docker: Docker,
  release: ReleaseProcess,
  clone: Clone,
  network: string,
  paths: readonly string[],
): Promise<OutgoingCode> {
  const run = onClone(release, clone, network, "app", ["smoke"], { environment: { SMOKE_PATHS: paths.join(",") } });
  return await startSmoke(docker, run);
}

/**
 * Starts the code of a release where `run` puts it.
 *
 * @param run the runtime layer's command `smoke`
 */
export async function startSmoke(docker: Docker, run: OneShot): Promise<OutgoingCode> {
  let collected: CodeOperation[] = [];
  let answers: CodeAnswer[] = [];
  let effects: CodeEffect[] = [];
  let pages: Record<string, string> = {};
  let answered: ((operations: CodeOperation[]) => void) | undefined;
  let traffic: { first: () => void; busy: () => void } | undefined;
  /** What nothing has come of yet. */
  let underWay: string | undefined;
  const said: string[] = [];
  const shot = await startOneShot(docker, run, (line, stream) => {
    if (stream === "stderr") {
      said.push(line);
      return;
    }
    const event = JSON.parse(line) as SmokeEvent;
    if (event.event === "begins") underWay = event.name;
    else if (event.event === "operation") {
      collected.push(event);
      // Others come from a process beside it.
      if (event.operation === underWay) underWay = undefined;
      if (event.at !== undefined) traffic?.first();
    } else if (event.event === "answer") answers.push(event);
    else if (event.event === "page") pages[event.path] = event.text;
    else if (event.event === "effect") effects.push({ operation: event.operation, pages: event.pages });
    else if (event.event === "busy") traffic?.busy();
    else if (event.event !== "ready") {
      answered?.(collected);
      collected = [];
    }
  });
  const died = shot.ended.then(({ exitCode }) => {
    throw new Error(
      [
        `the code of ${run.image} must run on the database; it ended with exit code ${exitCode}` +
          (underWay === undefined ? "" : ` while it was at ${underWay}`) +
          (exitCode === KILLED
            ? `; the kernel ends what wants more memory than the ${bytes(run.memoryBytes)} there`
            : "") +
          ":",
        ...said.slice(-20),
      ].join("\n  "),
    );
  });
  // Whoever waits for an answer hears of it; nobody may be waiting.
  died.catch(() => undefined);
  const ask = (line: string) =>
    Promise.race([
      died,
      new Promise<CodeOperation[]>((resolve) => {
        answered = resolve;
        shot.writeLine(line);
      }),
    ]);
  return {
    once: (tables = []) => {
      answers = [];
      return ask(`once ${tables.join(",")}`.trim());
    },
    variations: (tables) => ask(`variations ${tables.join(",")}`),
    answers: async () => {
      answers = [];
      await ask("answers");
      return answers;
    },
    effects: async () => {
      effects = [];
      pages = {};
      await ask("effects");
      return { pages, effects };
    },
    ask: (paths) => ask(`ask ${JSON.stringify(paths)}`),
    answered: () => answers,
    traffic: async (tables) => {
      const first = Promise.withResolvers<unknown>();
      const busy = Promise.withResolvers<unknown>();
      traffic = {
        first: () => {
          first.resolve(undefined);
        },
        busy: () => {
          busy.resolve(undefined);
        },
      };
      shot.writeLine(`traffic ${tables.join(",")}`);
      const late = after(FIRST_MILLISECONDS).then(() => {
        throw new Error(
          `the code of ${run.image} must do its first request or query under traffic within ` +
            `${FIRST_MILLISECONDS / 1000} s; it did none. See what it waits for on an idle machine, and try again.`,
        );
      });
      await Promise.race([died, first.promise, busy.promise, late]);
      late.catch(() => undefined);
      await Promise.race([died, busy.promise, after(WARM_UP_MILLISECONDS)]);
    },
    pause: () => ask("pause"),
    end: async () => {
      shot.end();
      await shot.ended.catch(() => undefined);
    },
  };
}

/** A pause that keeps no process from ending. */
function after(milliseconds: number): Promise<void> {
  return sleep(milliseconds, undefined, { ref: false });
}
