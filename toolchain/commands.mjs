import { spawn } from "node:child_process";
import { SetUpFailure } from "./failure.mjs";

const linesKept = 25;

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] the whole environment
 * @property {number} [seconds] the command is killed after them
 * @property {(line: string) => void} [onLine] each line of its output
 * @property {() => string | undefined} [stop] asked each second; a text kills the command, for that reason
 */

/**
 * @typedef {object} CommandResult
 * @property {number} status 0 where it succeeded; 127 where there is no such command; 124 where it was stopped
 * @property {string} stdout
 * @property {string[]} tail the last lines of standard output and standard error
 * @property {string} [stopped] why it was stopped
 */

/** @type {Set<number>} */
const running = new Set();

/** Ends every command that still runs, each with all its children. */
export function killRunning() {
  for (const pid of running) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // it has ended meanwhile
    }
  }
}

/**
 * Runs a command to its end, without a terminal. Never rejects.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<CommandResult>}
 */
export function run(command, args, { cwd, env = process.env, seconds, onLine, stop } = {}) {
  return new Promise((resolve) => {
    let stdout = "";
    /** @type {string[]} */
    const tail = [];
    /** @type {string | undefined} */
    let stopped;
    // A process group of its own, so that a time-out or Ctrl-C ends the command's children too.
    const child = spawn(command, args, { ...(cwd && { cwd }), env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const pid = child.pid;
    if (pid !== undefined) running.add(pid);
    const end = (/** @type {string} */ reason) => {
      stopped = reason;
      try {
        if (pid !== undefined) process.kill(-pid, "SIGKILL");
      } catch {
        // it has ended meanwhile
      }
    };
    const take = (/** @type {string} */ line) => {
      if (line.trim() === "") return;
      tail.push(line);
      if (tail.length > linesKept) tail.shift();
      onLine?.(line);
    };
    const timer = seconds && setTimeout(end, seconds * 1000, `stopped after ${String(seconds)} s`);
    const watch =
      stop &&
      setInterval(() => {
        const reason = stop();
        if (reason) end(reason);
      }, 1000);
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.setEncoding("utf8");
      stream.on("data", (/** @type {string} */ text) => {
        if (stream === child.stdout) stdout += text;
        const lines = (rest + text).split(/[\r\n]+/);
        rest = lines.pop() ?? "";
        lines.forEach(take);
      });
      stream.on("end", () => {
        take(rest);
      });
    }
    const finish = (/** @type {number} */ status) => {
      if (timer) clearTimeout(timer);
      if (watch) clearInterval(watch);
      if (pid !== undefined) running.delete(pid);
      resolve({ status, stdout, tail, ...(stopped && { stopped }) });
    };
    child.on("error", (error) => {
      tail.push(error.message);
      finish(127);
    });
    child.on("close", (code) => {
      if (stopped) tail.push(stopped);
      finish(stopped ? 124 : (code ?? 1));
    });
  });
}

/**
 * Runs a command that has to succeed.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions & { remedy?: string }} [options]
 * @returns {Promise<CommandResult>}
 */
export async function runOrFail(command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.status !== 0) {
    const line = [command, ...args].join(" ");
    throw new SetUpFailure(`\`${line}\` ended with status ${String(result.status)}`, options.remedy, result.tail);
  }
  return result;
}
