import path from "node:path";
import process from "node:process";
import { killRunning } from "./commands.mjs";
import { SetUpFailure } from "./failure.mjs";
import { removePartial } from "./files.mjs";
import { duration, reporter } from "./progress.mjs";
import { takeLock } from "./set-up-lock.mjs";

/**
 * Runs the steps in order, each only where its result is not there yet, and says one line for each.
 * @param {import("./context.mjs").Context} context
 * @param {readonly import("./context.mjs").Step[]} steps
 * @param {{ write: (text: string) => unknown, isTTY?: boolean, columns?: number }} stream
 * @returns {Promise<0 | 1>} the exit code
 */
export async function setUp(context, steps, stream) {
  const report = reporter(stream);
  const started = Date.now();
  const width = Math.max(...steps.map((step) => step.name.length));
  // All at once: this is all that a set-up costs where nothing is missing.
  const found = await Promise.all(steps.map((step) => step.present(context)));
  const missing = found.indexOf(undefined);
  /** @type {(() => void) | undefined} */
  let unlock;
  const stop = (/** @type {NodeJS.Signals} */ signal) => {
    killRunning();
    unlock?.();
    report.line(`stopped by ${signal}; the same command goes on from here`);
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  let at = 0;
  try {
    if (missing !== -1) {
      unlock = await takeLock(context.where, report);
      removePartial([
        context.where.toolchain,
        context.where.bin,
        context.where.cache,
        path.join(context.where.home, "plugins"),
      ]);
    }
    for (const [index, step] of steps.entries()) {
      at = index;
      // A step that installs something may change what later ones find.
      let line = missing === -1 || index < missing ? found[index] : await step.present(context);
      if (line === undefined) {
        const begun = Date.now();
        const installed = await report.during(step.name, step.takes, (progress) => step.install(context, progress));
        line = `${installed} (${duration(Date.now() - begun)})`;
      }
      report.line(`✓ ${step.name.padEnd(width)}  ${line}`);
    }
    report.line(`  set up in ${duration(Date.now() - started)}`);
    return 0;
  } catch (error) {
    const step = steps[at];
    report.line(step ? failureText(step, error) : String(error));
    return 1;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
    unlock?.();
  }
}

/**
 * @param {import("./context.mjs").Step} step
 * @param {unknown} error
 * @returns {string} what failed, the last lines of its output, and what to do by hand
 */
export function failureText(step, error) {
  if (!(error instanceof SetUpFailure)) throw error;
  const output = error.output.map((line) => `    ${line}`);
  return [
    `✗ ${step.name}: ${error.message}`,
    ...output,
    `  By hand: ${error.remedy ?? step.remedy}`,
    "  Then run the same command again.",
  ].join("\n");
}
