import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { processLives, processName } from "./processes.mjs";

/**
 * The lock that a Pulumi command holds on a stack of the file backend.
 * @typedef {object} StackLock
 * @property {number} pid
 * @property {string} username
 * @property {string} hostname
 * @property {string} timestamp
 */

/**
 * @param {string} directory of the file backend
 * @param {string} project
 * @param {string} stack
 * @returns {StackLock[]}
 */
export function stackLocks(directory, project, stack) {
  const locks = path.join(directory, ".pulumi", "locks", "organization", project, stack);
  if (!fs.existsSync(locks)) return [];
  return fs
    .readdirSync(locks)
    .filter((name) => name.endsWith(".json"))
    .map((name) => {
      try {
        return JSON.parse(fs.readFileSync(path.join(locks, name), "utf8"));
      } catch {
        // Its owner writes it at this moment, or has just removed it; or it was killed while it wrote.
        return { pid: 0, username: "unknown", hostname: os.hostname(), timestamp: "unknown" };
      }
    });
}

/**
 * The file backend's locks have no lease: that of a killed command stays for ever. Whether a command still lives can be
 * told on its own machine only.
 * @param {StackLock} lock
 * @param {{ hostname: string, lives: (pid: number) => boolean, programName: (pid: number) => string | undefined }} [machine]
 * @returns {"stale" | "held" | "unknown"}
 */
export function lockState(lock, machine = { hostname: os.hostname(), lives: processLives, programName: processName }) {
  if (lock.hostname !== machine.hostname) return "unknown";
  if (lock.pid <= 0 || !machine.lives(lock.pid)) return "stale";
  // The number may have gone to another program since.
  const name = machine.programName(lock.pid);
  return name === undefined || name.startsWith("pulumi") ? "held" : "stale";
}

/**
 * @param {StackLock} lock
 * @returns {string}
 */
export function describeLock(lock) {
  return `process ${String(lock.pid)} of ${lock.username} on ${lock.hostname}, since ${lock.timestamp}`;
}
