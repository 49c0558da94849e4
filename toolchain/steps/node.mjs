import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { identity, readChoices, remember, unchanged } from "../choices.mjs";
import { run, runOrFail } from "../commands.mjs";
import { SetUpFailure } from "../failure.mjs";
import { linkWhole, partialName, readJson, replaceDirectory, which, writeWhole } from "../files.mjs";
import { runsTypeScript } from "../versions.mjs";
import { npm, npmEnvironment } from "./npm-dependencies.mjs";

/** @type {import("../context.mjs").Step} */
export const node = {
  name: "Node",
  takes: "22.18 or newer: the one that runs this, one on PATH, or Node 24 from the npm registry",
  for: ["sandbox", "test"],
  remedy: "install Node 22.18 or newer and put it on PATH",

  async present({ where }) {
    const choice = readChoices(where.choices)["node"];
    const link = path.join(where.bin, "node");
    if (!choice?.version || !unchanged(choice, where)) return undefined;
    if (!fs.existsSync(link) || fs.realpathSync(link) !== choice.file) return undefined;
    return `${choice.version}, ${choice.source}`;
  },

  async install(context, progress) {
    const { where, user } = context;
    const machine = await ofMachine(where, user);
    const recent = machine.find(({ version }) => runsTypeScript(version));
    const found = recent
      ? { ...recent, source: `found at ${recent.file}` }
      : { ...(await fromNpm(context, progress)), source: "from the npm registry" };
    fs.mkdirSync(where.bin, { recursive: true });
    linkWhole(found.file, path.join(where.bin, "node"));
    for (const tool of ["npm", "npx"]) {
      const launcher = path.join(where.bin, tool);
      const script = recent ? undefined : npmScript(user, tool, where.bin, machine[0]?.file ?? process.execPath);
      if (script) writeWhole(launcher, script, 0o755);
      else fs.rmSync(launcher, { force: true });
    }
    const { version, source } = found;
    remember(where.choices, "node", { source, version, ...identity(fs.realpathSync(found.file)) });
    return `${version}, ${source}`;
  },
};

/**
 * A Node of the machine's own: the one that runs this, unless that is a tool chain's (in an activated shell), or the first
 * on PATH.
 * @param {import("../paths.mjs").Paths} where
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<{ file: string, version: string }[]>}
 */
async function ofMachine(where, env) {
  const running = { file: process.execPath, version: process.versions.node };
  const inside = running.file.split(path.sep).includes(path.basename(where.toolchain));
  const file = which("node", env["PATH"], [where.bin]);
  const version = file && (await run(file, ["--version"], { env, seconds: 10 })).stdout.trim().replace(/^v/, "");
  return [...(inside ? [] : [running]), ...(file && version ? [{ file, version }] : [])];
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {import("../progress.mjs").Progress} progress
 * @returns {Promise<{ file: string, version: string }>}
 */
async function fromNpm({ where, user }, progress) {
  const directory = path.join(where.cache, "node");
  const partial = partialName(directory);
  const name = `node-${process.platform}-${process.arch}`;
  const inside = path.join("node_modules", name, "bin", "node");
  const there = await wanted(where, directory, name, inside);
  if (there) return there;
  fs.rmSync(partial, { recursive: true, force: true });
  fs.mkdirSync(partial, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) {
    fs.copyFileSync(path.join(where.sources, "node", file), path.join(partial, file));
  }
  progress.say(`npm ci of ${name}, 80 MB`);
  const { command, prefix } = npm(user);
  // No install script runs: some npm configurations refuse them, and the package holds the binary itself.
  await runOrFail(
    command,
    [...prefix, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"],
    {
      cwd: partial,
      env: npmEnvironment(where, user),
    },
  );
  if (!fs.existsSync(path.join(partial, inside))) {
    throw new SetUpFailure(`toolchain/node/package.json names no package for ${process.platform} on ${process.arch}`);
  }
  const { stdout, tail } = await runOrFail(path.join(partial, inside), ["--version"], { env: user });
  const version = stdout.trim().replace(/^v/, "");
  if (!runsTypeScript(version)) throw new SetUpFailure(`${name} says that it is version "${version}"`, undefined, tail);
  replaceDirectory(partial, directory);
  return { file: path.join(directory, inside), version };
}

/**
 * A Node that an earlier set-up has installed in the version that is locked now.
 * @param {import("../paths.mjs").Paths} where
 * @param {string} directory
 * @param {string} name
 * @param {string} inside
 * @returns {Promise<{ file: string, version: string } | undefined>}
 */
async function wanted(where, directory, name, inside) {
  const locked = /** @type {{ optionalDependencies?: Record<string, string> } | undefined} */ (
    readJson(path.join(where.sources, "node", "package.json"))
  )?.optionalDependencies?.[name];
  const file = path.join(directory, inside);
  if (!locked || !fs.existsSync(file)) return undefined;
  const { stdout } = await run(file, ["--version"], { seconds: 10 });
  return stdout.trim() === `v${locked}` ? { file, version: locked } : undefined;
}

/**
 * npm keeps running on the Node that it was installed for: a distribution's npm finds its modules with that one only, and
 * the place of its configuration follows from it.
 * @param {Record<string, string | undefined>} env
 * @param {string} tool "npm" or "npx"
 * @param {string} bin
 * @param {string} machineNode the Node that it was installed for
 * @returns {string | undefined} undefined where there is no npm
 */
function npmScript(env, tool, bin, machineNode) {
  const found = which(tool, env["PATH"], [bin]);
  if (!found) return undefined;
  return `#!/bin/sh\nexec ${quote(machineNode)} ${quote(fs.realpathSync(found))} "$@"\n`;
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
