import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { readChoices, remember } from "../choices.mjs";
import { run, runOrFail } from "../commands.mjs";
import { SetUpFailure } from "../failure.mjs";
import { linkWhole, partialName, replaceDirectory, which, writeWhole } from "../files.mjs";
import { runsTypeScript } from "../versions.mjs";
import { npm } from "./npm-dependencies.mjs";

/** @type {import("../context.mjs").Step} */
export const node = {
  name: "Node",
  takes: "22.18 or newer: the one that runs this, one on PATH, or Node 24 from the npm registry",
  for: ["sandbox", "test"],
  remedy: "install Node 22.18 or newer and put it on PATH",

  async present({ where }) {
    const choice = readChoices(where.choices)["node"];
    const link = path.join(where.bin, "node");
    if (!choice?.file || !choice.version) return undefined;
    try {
      if (fs.realpathSync(link) !== choice.file || fs.statSync(link).mtimeMs !== choice.modified) return undefined;
    } catch {
      return undefined;
    }
    return `${choice.version}, ${choice.source}`;
  },

  async install(context, progress) {
    const { where, user } = context;
    const found = (await usable(user)) ?? (await fromNpm(context, progress));
    fs.mkdirSync(where.bin, { recursive: true });
    linkWhole(found.file, path.join(where.bin, "node"));
    for (const tool of ["npm", "npx"]) {
      const launcher = path.join(where.bin, tool);
      const script = found.own ? npmScript(user, tool, where.bin) : undefined;
      if (script) writeWhole(launcher, script, 0o755);
      else fs.rmSync(launcher, { force: true });
    }
    const file = fs.realpathSync(found.file);
    const { version, source } = found;
    remember(where.choices, "node", { source, version, file, modified: fs.statSync(file).mtimeMs });
    return `${version}, ${source}`;
  },
};

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Promise<{ file: string, version: string, source: string, own: boolean } | undefined>}
 */
async function usable(env) {
  const running = { file: process.execPath, version: process.versions.node };
  if (runsTypeScript(running.version)) return { ...running, source: `found at ${running.file}`, own: false };
  const file = which("node", env["PATH"]);
  const version = file && (await run(file, ["--version"], { env, seconds: 10 })).stdout.trim().replace(/^v/, "");
  return file && version && runsTypeScript(version)
    ? { file, version, source: `found at ${file}`, own: false }
    : undefined;
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {import("../progress.mjs").Progress} progress
 * @returns {Promise<{ file: string, version: string, source: string, own: boolean }>}
 */
async function fromNpm({ where, user }, progress) {
  const directory = path.join(where.cache, "node");
  const partial = partialName(directory);
  const name = `node-${process.platform}-${process.arch}`;
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
      env: { npm_config_cache: path.join(where.cache, "npm"), ...withoutNpm(user) },
    },
  );
  const inside = path.join("node_modules", name, "bin", "node");
  if (!fs.existsSync(path.join(partial, inside))) {
    throw new SetUpFailure(`toolchain/node/package.json names no package for ${process.platform} on ${process.arch}`);
  }
  const { stdout, tail } = await runOrFail(path.join(partial, inside), ["--version"], { env: user });
  const version = stdout.trim().replace(/^v/, "");
  if (!runsTypeScript(version)) throw new SetUpFailure(`${name} says that it is version "${version}"`, undefined, tail);
  replaceDirectory(partial, directory);
  return { file: path.join(directory, inside), version, source: `${name} from the npm registry`, own: true };
}

/**
 * npm keeps running on the Node that it was installed for: a distribution's npm finds its modules with that one only, and
 * the place of its configuration follows from it.
 * @param {Record<string, string | undefined>} env
 * @param {string} tool "npm" or "npx"
 * @param {string} bin
 * @returns {string | undefined} undefined where there is no npm
 */
function npmScript(env, tool, bin) {
  const found = which(tool, env["PATH"], [bin]);
  if (!found) return undefined;
  return `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(fs.realpathSync(found))} "$@"\n`;
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * An `npm run` tells its commands where its own project is; a `npm ci` elsewhere must not hear that.
 * @param {Record<string, string | undefined>} env
 */
function withoutNpm(env) {
  const projects = ["npm_config_local_prefix", "npm_package_json", "INIT_CWD"];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !projects.includes(name)));
}
