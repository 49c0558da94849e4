import { parseArgs } from "node:util";
import { awaitPutBack, putBackAbandoned } from "../../engine/displaced-service.ts";
import { removeAbandoned } from "../../engine/temporary.ts";
import { leftOutByCalendar } from "../run/calendar.ts";
import { compareRuns } from "../run/comparison.ts";
import type { RunContext } from "../run/context.ts";
import { pastRuns } from "../run/past-runs.ts";
import { preflight } from "../run/preflight/step.ts";
import { describeStep, summariseRun, writeRun } from "../run/report.ts";
import type { LeftOut, RunResult } from "../run/run-result.ts";
import { runSteps } from "../run/run-steps.ts";
import { RUN_STEPS } from "../run/steps.ts";
import { removeAbandoned as removeAbandonedWork } from "../snapshot/work.ts";
import { regressionCalendar } from "./calendar-file.ts";
import { deploy } from "./deploy.ts";
import { productionOf } from "./production.ts";
import { loadStack, runContext } from "./run-context.ts";
import { runHelp } from "./run-help.ts";
import { runSubject, writtenEvidence } from "./run-subject.ts";

const INTERRUPTED = 130;

interface Options {
  readonly stack: string;
  readonly deploy: boolean;
  readonly json: boolean;
  readonly all: boolean;
  readonly step: readonly string[];
  /** Undefined where nobody named one. */
  readonly production?: string;
}

/** `rehearse run`: the exit codes are in its help. */
export async function run(words: readonly string[]): Promise<number> {
  let options: Options;
  try {
    ({ values: options } = parseArgs({
      args: [...words],
      options: {
        stack: { type: "string", default: "sandbox" },
        deploy: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        step: { type: "string", multiple: true, default: [] },
        production: { type: "string" },
      },
    }));
    requireSteps(options);
  } catch (error) {
    console.error(`rehearse run: ${message(error)}\n\n${runHelp}`);
    return 2;
  }
  const interrupt = new AbortController();
  const abort = () => {
    interrupt.abort(new Error("interrupted"));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, abort);
  try {
    return await rehearse(options, interrupt.signal);
  } catch (error) {
    if (interrupt.signal.aborted) {
      console.error("rehearse run: interrupted; what it had started on the engine is removed.");
      return INTERRUPTED;
    }
    console.error(`rehearse run: ${message(error)}`);
    return 1;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeListener(signal, abort);
  }
}

async function rehearse(options: Options, signal: AbortSignal): Promise<number> {
  const stream = options.json ? process.stderr : process.stdout;
  const colours = stream.isTTY && process.env["NO_COLOR"] === undefined;
  // A line takes the place of the one that says what is under way.
  const say = (line: string) => void stream.write(`${stream.isTTY ? "\r\u001b[2K" : ""}${line}\n`);
  if (options.deploy && !(await deploy(options.stack, signal, say, "rehearse run"))) return 1;
  const loaded = loadStack(options.stack);
  const whole = runContext(loaded, signal, say);
  const leftOut = await partsLeftOut(options, whole);
  const parts = new Set(leftOut.map(({ part }) => part));
  const production = () => productionOf(loaded, options.production, whole.reports);
  const context = { ...whole, leftOut: parts, production };
  say(`Rehearsing ${context.environment}, release ${context.release}`);
  await sweep(context);
  const subject = await runSubject(loaded, context);
  const steps = RUN_STEPS.filter(({ id }) => !parts.has(id));
  const told = await runSteps(steps, context, {
    begins: ({ title }) => {
      if (stream.isTTY) stream.write(`  … ${title}`);
    },
    ended: (step) => {
      if (stream.isTTY) stream.write("\r\u001b[2K");
      for (const line of describeStep(step, colours)) say(line);
    },
  });
  const result: RunResult = { ...told, subject, leftOut };
  const evidence = await writtenEvidence(loaded, result, context.reports);
  const report = { result, comparison: compareRuns(result, await pastRuns(context.reports)), evidence };
  const files = await writeRun(report, context.reports);
  for (const line of summariseRun(report, files, colours)) say(line);
  if (options.json) console.log(JSON.stringify(result));
  return result.verdict === "pass" ? 0 : 1;
}

/** @throws Error where a step is asked for that there is not */
function requireSteps({ all, step }: Options): void {
  const ids = RUN_STEPS.map(({ id }) => id);
  const unknown = step.filter((id) => !ids.includes(id));
  if (unknown.length > 0) throw new Error(`--step must be one of ${ids.join(", ")}; found ${unknown.join(", ")}`);
  if (all && step.length > 0) throw new Error("--all and --step must not be given together");
}

/** What does not run: what was not chosen, or what the calendar has on other days. */
async function partsLeftOut({ all, step, production }: Options, context: RunContext): Promise<LeftOut[]> {
  const titles = new Map(
    RUN_STEPS.flatMap(({ id, title, selections }) => [
      [id, title] as const,
      ...(selections?.(context) ?? []).map((name) => [`${id}:${name}`, `${title}: ${name}`] as const),
    ]),
  );
  const calendar = await regressionCalendar([...titles.keys()]);
  const chosen = (id: string) =>
    (step.length === 0 || step.includes(id)) && (id !== preflight.id || production !== "none");
  const unchosen = RUN_STEPS.filter(({ id }) => !chosen(id)).map(
    ({ id, title }): LeftOut => ({ part: id, title, reason: "choice", next: null, required: true }),
  );
  if (all || step.length > 0) return unchosen;
  const later = leftOutByCalendar(calendar, titles, new Date());
  return [...unchosen, ...later.filter(({ part }) => !unchosen.some((one) => one.part === part))];
}

/** Removes what a killed command left on the engine: it would be found as drift. */
async function sweep({ engine, say }: RunContext): Promise<void> {
  const removed = [...(await removeAbandoned(engine)), ...(await removeAbandonedWork(engine))];
  for (const name of removed) say(`  removed ${name}, which an interrupted command had left`);
  const back = await putBackAbandoned(engine);
  await awaitPutBack(engine, back);
  for (const name of back) say(`  put back service ${name}, which an interrupted command had left displaced`);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
