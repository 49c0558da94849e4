import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { SetUpFailure } from "./failure.mjs";
import { readJson } from "./files.mjs";
import { processLives } from "./processes.mjs";

const longestWait = 30 * 60 * 1000;

/**
 * Lets one set-up at a time change a checkout's tool chain; a second one waits. The lock of a killed one is taken over.
 * @param {import("./paths.mjs").Paths} where
 * @param {{ line: (text: string) => void }} report
 * @returns {Promise<() => void>} gives the lock back
 */
export async function takeLock(where, report) {
  const file = path.join(where.toolchain, "set-up.lock");
  fs.mkdirSync(where.toolchain, { recursive: true });
  const mine = `${file}.${String(process.pid)}`;
  const started = Date.now();
  let said = false;
  for (;;) {
    fs.writeFileSync(mine, JSON.stringify({ pid: process.pid }));
    try {
      // Unlike a write, a link is never seen half done.
      fs.linkSync(mine, file);
      return () => {
        fs.rmSync(file, { force: true });
      };
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    } finally {
      fs.rmSync(mine, { force: true });
    }
    const holder = /** @type {{ pid?: number } | undefined} */ (readJson(file))?.pid;
    if (holder !== undefined && !processLives(holder)) {
      fs.rmSync(file, { force: true });
      continue;
    }
    if (!said && holder !== undefined)
      report.line(`  waiting for the set-up that runs already (process ${String(holder)})`);
    said = true;
    if (Date.now() - started > longestWait) {
      throw new SetUpFailure(`another set-up (process ${String(holder)}) has held ${file} for 30 minutes`, `end it`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
