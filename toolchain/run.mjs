import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { completed } from "./environment.mjs";
import { paths } from "./paths.mjs";

const [command, ...args] = process.argv.slice(2);
if (command === undefined || command === "--help") {
  const out = command === undefined ? process.stderr : process.stdout;
  out.write(
    "usage: node toolchain/run.mjs COMMAND [ARGUMENT…]\nRuns a command in the environment that `source toolchain/activate` makes.\n",
  );
  process.exit(command === undefined ? 2 : 0);
}

const where = paths();
const env = completed(where, { ...process.env, PATH: withModules(process.env["PATH"] ?? "") });
const child = spawn(command, args, { stdio: "inherit", env });

// The terminal signals the whole process group; a signal sent to this process alone is passed on.
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("error", (error) => {
  process.stderr.write(`cannot run ${command}: ${error.message}\n`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  process.exit(signal ? 128 + os.constants.signals[signal] : (code ?? 1));
});

/** @param {string} searchPath */
function withModules(searchPath) {
  const modules = path.join(where.root, "node_modules", ".bin");
  return [modules, ...searchPath.split(path.delimiter).filter((entry) => entry !== modules)].join(path.delimiter);
}
