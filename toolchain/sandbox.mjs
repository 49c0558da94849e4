import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { run } from "./commands.mjs";
import { makeContext } from "./context.mjs";
import { writeWhole } from "./files.mjs";
import { setUp } from "./run-steps.mjs";
import { describeLock, lockState, stackLocks } from "./stack-lock.mjs";
import { localDirectory, projectName } from "./steps/stacks.mjs";
import { steps } from "./steps.mjs";
import { tour } from "./tour.mjs";

const stack = "sandbox";
const help = `usage: npm run sandbox [-- FLAG…]

Sets up what is missing on this machine (see \`npm run set-up -- --help\`), brings the stack "${stack}" up, and says what to
look at. Running it again changes only what has changed.

Flags are handed to \`pulumi up --yes --skip-preview --stack ${stack}\`, for example \`--refresh\`.
`;

const flags = process.argv.slice(2);
if (flags.includes("--help") || flags.includes("-h")) {
  process.stdout.write(help);
  process.exit(0);
}
process.exit(await sandbox());

/** @returns {Promise<number>} the exit code */
async function sandbox() {
  const context = makeContext();
  const needed = steps.filter((step) => step.for.includes("sandbox"));
  if ((await setUp(context, needed, process.stdout)) !== 0) return 1;
  const env = context.env();
  if (!(await freeStack(context, env))) return 1;
  process.stdout.write("\n");
  const status = await pulumi(["up", "--yes", "--skip-preview", "--stack", stack, ...flags], context, env);
  if (status !== 0) return status;
  const shown = await run("pulumi", ["stack", "output", "--json", "--stack", stack], { cwd: context.where.root, env });
  if (shown.status !== 0) {
    process.stderr.write(`${shown.tail.join("\n")}\n`);
    return 1;
  }
  const outputs = JSON.parse(shown.stdout);
  const authority = path.join(context.where.toolchain, "sandbox-ca.pem");
  if (typeof outputs.certificateAuthority === "string") writeWhole(authority, outputs.certificateAuthority);
  else fs.rmSync(authority, { force: true });
  process.stdout.write(`\n${tour(outputs, path.relative(process.cwd(), authority), activation(context))}`);
  return 0;
}

/**
 * Clears away the lock of a command that was killed.
 * @param {import("./context.mjs").Context} context
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<boolean>} false where the stack is in use
 */
async function freeStack({ where }, env) {
  // Other backends than the file backend know by themselves.
  const directory = localDirectory(String(env["PULUMI_BACKEND_URL"]));
  if (!directory) return true;
  const locks = stackLocks(directory, projectName(where.root), stack);
  const inUse = locks.find((lock) => lockState(lock) !== "stale");
  if (inUse) {
    const why =
      lockState(inUse) === "held"
        ? "wait until it has finished, or end it"
        : `this machine cannot tell whether it still runs; if it does not, run \`pulumi cancel --yes --stack ${stack}\``;
    process.stderr.write(`The stack ${stack} is in use by ${describeLock(inUse)}: ${why}.\n`);
    return false;
  }
  if (locks.length === 0) return true;
  const dead = locks.map(describeLock).join("; ");
  process.stdout.write(
    `  the stack ${stack} is still locked by a command that was killed (${dead}): cancelling that update\n`,
  );
  return (await pulumi(["cancel", "--yes", "--stack", stack], { where }, env)) === 0;
}

/**
 * Runs Pulumi with its output passed through. It hears a terminal's Ctrl-C itself, and then ends in good order.
 * @param {readonly string[]} args
 * @param {{ where: import("./paths.mjs").Paths }} context
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<number>} the exit code
 */
function pulumi(args, { where }, env) {
  return new Promise((resolve) => {
    const child = spawn("pulumi", args, { cwd: where.root, env, stdio: "inherit" });
    const passOn = (/** @type {NodeJS.Signals} */ signal) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    process.on("SIGINT", passOn).on("SIGTERM", passOn);
    child.on("error", (error) => {
      process.stderr.write(`cannot run pulumi: ${error.message}\n`);
      resolve(127);
    });
    child.on("exit", (code) => {
      process.off("SIGINT", passOn).off("SIGTERM", passOn);
      resolve(code ?? 1);
    });
  });
}

/**
 * @param {import("./context.mjs").Context} context
 * @returns {string | undefined} the command that makes `pulumi` work in a shell; undefined where it does already
 */
function activation({ where, user }) {
  const active = (user["PATH"] ?? "").split(path.delimiter).includes(where.bin);
  return active ? undefined : `source ${path.relative(process.cwd(), path.join(where.sources, "activate"))}`;
}
