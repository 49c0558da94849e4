import fs from "node:fs";
import process from "node:process";

/**
 * Whether a process of this machine still runs; one that has ended and waits for its parent does not.
 * @param {number} pid
 */
export function processLives(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM") return false;
  }
  try {
    // The state is the first field after the command, which may hold parentheses itself.
    return !/^.*\) [ZX]/s.test(fs.readFileSync(`/proc/${String(pid)}/stat`, "utf8"));
  } catch {
    return true;
  }
}

/**
 * The name of the program that a process runs.
 * @param {number} pid
 * @returns {string | undefined} undefined where it cannot be told
 */
export function processName(pid) {
  try {
    return fs.readFileSync(`/proc/${String(pid)}/comm`, "utf8").trim();
  } catch {
    return undefined;
  }
}
