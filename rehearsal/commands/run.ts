import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { removeAbandoned } from "../../engine/temporary.ts";
import type { RunContext } from "../run/context.ts";
import { describeStep, summariseRun, writeRun } from "../run/report.ts";
import { runSteps } from "../run/run-steps.ts";
import { RUN_STEPS } from "../run/steps.ts";
import { removeAbandoned as removeAbandonedWork } from "../snapshot/work.ts";
import { runContext } from "./run-context.ts";
import { runHelp } from "./run-help.ts";

const INTERRUPTED = 130;

interface Options {
  readonly stack: string;
  readonly deploy: boolean;
  readonly json: boolean;
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
      },
    }));
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
  const say = (line: string) => void stream.write(`${line}\n`);
  if (options.deploy && !(await deploy(options.stack, signal, say))) return 1;
  const context = runContext(options.stack, signal, say);
  say(`Rehearsing ${context.environment}, release ${context.release}`);
  await sweep(context);
  const result = await runSteps(RUN_STEPS, context, {
    begins: ({ title }) => {
      if (stream.isTTY) stream.write(`  … ${title}`);
    },
    ended: (step) => {
      if (stream.isTTY) stream.write("\r\u001b[2K");
      for (const line of describeStep(step, colours)) say(line);
    },
  });
  const file = await writeRun(result, context.reports);
  for (const line of summariseRun(result, file, colours)) say(line);
  if (options.json) console.log(JSON.stringify(result));
  return result.verdict === "pass" ? 0 : 1;
}

/** Removes what a killed command left on the engine: it would be found as drift. */
async function sweep({ engine, say }: RunContext): Promise<void> {
  const removed = [...(await removeAbandoned(engine)), ...(await removeAbandonedWork(engine))];
  for (const name of removed) say(`  removed ${name}, which an interrupted command had left`);
}

/** Runs `pulumi up`; its words are shown as they come. */
async function deploy(stack: string, signal: AbortSignal, say: (line: string) => void): Promise<boolean> {
  say(`Deploying ${stack}: pulumi up --stack ${stack}`);
  const child = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack], {
    stdio: ["ignore", process.stderr, process.stderr],
  });
  // An interrupted pulumi ends what it is doing and keeps its state: it must not be killed.
  const stop = () => void child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        error.code === "ENOENT"
          ? new Error("pulumi must be on PATH; found none. Run: source toolchain/activate")
          : error,
      );
    });
    child.once("close", (exit) => {
      resolve(exit ?? -1);
    });
  });
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code === 0) return true;
  console.error(`rehearse run: the deployment must succeed; pulumi up ended with ${code}. Mend what it says above.`);
  return false;
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
