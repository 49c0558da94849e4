import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { readChoices, remember } from "../choices.mjs";
import { run } from "../commands.mjs";
import { SetUpFailure } from "../failure.mjs";
import { partialName, replaceDirectory, size, writeWhole } from "../files.mjs";
import { wantedPlugins } from "../versions.mjs";

/** A download that brings nothing for so long is given up. */
const stallSeconds = 20;

/** @typedef {{ name: string, version: string }} Plugin */

/** @type {import("../context.mjs").Step} */
export const plugins = {
  name: "Pulumi plugins",
  takes: "the official ones: installed already, or downloaded; else the stand-ins of toolchain/plugins/",
  for: ["sandbox", "test"],
  remedy: "run `pulumi plugin install resource NAME VERSION` for each, in a shell that has sourced toolchain/activate",

  async present(context) {
    const { where, again, env } = context;
    if (!fs.existsSync(path.join(where.root, "node_modules", "@pulumi", "random"))) return undefined;
    const wanted = wantedPlugins(where.root);
    const choices = readChoices(where.choices);
    for (const plugin of wanted) {
      const choice = choices[choiceName(plugin)];
      const directory = pluginDirectory(String(env()["PULUMI_HOME"]), plugin);
      if (choice?.version !== plugin.version || (choice.fallback && again)) return undefined;
      if (!fs.existsSync(executable(directory, plugin)) || fs.existsSync(`${directory}.partial`)) return undefined;
      if (choice.fallback && !holds(executable(directory, plugin), launcher(where, plugin.name))) return undefined;
    }
    if (choices["pulumi"]?.fallback && !holds(languageHost(where), launcher(where, "language-host"))) return undefined;
    return summary(wanted, choices);
  },

  async install(context, progress) {
    const { where } = context;
    const wanted = wantedPlugins(where.root);
    if (readChoices(where.choices)["pulumi"]?.fallback) {
      writeWhole(languageHost(where), launcher(where, "language-host"), 0o755);
    } else fs.rmSync(languageHost(where), { force: true });
    const home = String(context.env()["PULUMI_HOME"]);
    const results = await Promise.all(wanted.map((plugin) => takeOfficial(context, home, plugin, progress)));
    for (const [index, plugin] of wanted.entries()) {
      const { source, problem } = results[index] ?? {};
      if (source === undefined) takeStandIn(context, home, plugin, problem ?? "");
      const { version } = plugin;
      const choice = source ? { source, version } : { source: `stand-in (${problem ?? ""})`, version, fallback: true };
      remember(where.choices, choiceName(plugin), choice);
    }
    return summary(wanted, readChoices(where.choices));
  },
};

/**
 * @param {readonly Plugin[]} wanted
 * @param {Record<string, import("../choices.mjs").Choice>} choices
 * @returns {string} what was taken from where, in one line
 */
function summary(wanted, choices) {
  /** @type {Map<string, string[]>} */
  const bySource = new Map();
  if (choices["pulumi"]?.fallback) bySource.set("stand-ins of toolchain/plugins/", ["language host"]);
  for (const plugin of wanted) {
    const choice = choices[choiceName(plugin)];
    const source = choice?.fallback ? "stand-ins of toolchain/plugins/" : (choice?.source ?? "");
    bySource.set(source, [...(bySource.get(source) ?? []), `${plugin.name} ${plugin.version}`]);
  }
  return [...bySource].map(([source, names]) => `${names.join(", ")}: ${source}`).join("; ");
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {string} home
 * @param {Plugin} plugin
 * @param {import("../progress.mjs").Progress} progress
 * @returns {Promise<{ source?: string, problem?: string }>}
 */
async function takeOfficial(context, home, plugin, progress) {
  const { where, user } = context;
  const directory = pluginDirectory(home, plugin);
  const choice = readChoices(where.choices)[choiceName(plugin)];
  const standsIn = choice?.fallback === true || holds(executable(directory, plugin), launcher(where, plugin.name));
  if (complete(directory, plugin) && !standsIn) return { source: choice?.source ?? `found in ${home}` };
  // A home of the user's own is not written to.
  if (home !== where.home) return { problem: `not in ${home}` };
  const usual = path.join(user["HOME"] ?? os.homedir(), ".pulumi");
  const there = pluginDirectory(usual, plugin);
  if (complete(there, plugin)) {
    const partial = partialName(directory);
    fs.rmSync(partial, { recursive: true, force: true });
    fs.cpSync(there, partial, { recursive: true, mode: fs.constants.COPYFILE_FICLONE });
    replaceDirectory(partial, directory);
    return { source: `copied from ${usual}` };
  }
  return download(context, plugin, directory, progress);
}

/**
 * Downloads into a home beside the checkout's own, and moves what is complete.
 * @param {import("../context.mjs").Context} context
 * @param {Plugin} plugin
 * @param {string} directory
 * @param {import("../progress.mjs").Progress} progress
 * @returns {Promise<{ source?: string, problem?: string }>}
 */
async function download(context, plugin, directory, progress) {
  const scratch = partialName(path.join(context.where.cache, `plugin-${plugin.name}`));
  const temporary = path.join(scratch, "tmp");
  fs.mkdirSync(temporary, { recursive: true });
  const env = { ...context.env(), PULUMI_HOME: scratch, TMPDIR: temporary };
  let bytes = 0;
  let grown = Date.now();
  try {
    const args = [
      "plugin",
      "install",
      "resource",
      plugin.name,
      plugin.version,
      "--non-interactive",
      "--color",
      "never",
    ];
    const result = await run("pulumi", args, {
      env,
      seconds: 900,
      stop() {
        const now = size(scratch);
        if (now > bytes) {
          [bytes, grown] = [now, Date.now()];
          progress.say(`downloading ${plugin.name} ${plugin.version}: ${String(Math.round(now / 1e6))} MB`);
        }
        return Date.now() - grown > stallSeconds * 1000 ? `nothing came for ${String(stallSeconds)} s` : undefined;
      },
    });
    const got = pluginDirectory(scratch, plugin);
    if (result.status === 0 && complete(got, plugin)) {
      fs.mkdirSync(path.dirname(directory), { recursive: true });
      const old = path.join(scratch, "old");
      if (fs.existsSync(directory)) fs.renameSync(directory, old);
      fs.renameSync(got, directory);
      return { source: "the official download" };
    }
    return { problem: reason(result.tail) };
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * The line that says why a download failed, without Pulumi's own lead-in.
 * @param {readonly string[]} lines
 */
export function reason(lines) {
  const cause =
    lines.findLast((line) => /^warning: |Error downloading/.test(line)) ?? lines.at(-1) ?? "no reason given";
  return cause.replace(/^.*?Error downloading plugin: /, "").replace(/^(warning|error): /, "");
}

/**
 * @param {import("../context.mjs").Context} context
 * @param {string} home
 * @param {Plugin} plugin
 * @param {string} problem why there is no official one
 */
function takeStandIn({ where }, home, plugin, problem) {
  if (home !== where.home) {
    throw new SetUpFailure(
      `the plugin ${plugin.name} ${plugin.version} is not in PULUMI_HOME (${home}), which is your own`,
      `run \`pulumi plugin install resource ${plugin.name} ${plugin.version}\`, or unset PULUMI_HOME`,
      [problem],
    );
  }
  const directory = pluginDirectory(home, plugin);
  fs.rmSync(`${directory}.partial`, { force: true });
  writeWhole(executable(directory, plugin), launcher(where, plugin.name), 0o755);
}

/**
 * @param {import("../paths.mjs").Paths} where
 * @param {string} folder of toolchain/plugins/
 * @returns {string} a shell script that runs the stand-in
 */
export function launcher(where, folder) {
  const node = path.join(where.bin, "node");
  const main = path.join(where.sources, "plugins", folder, "main.ts");
  return [
    "#!/bin/sh",
    "# A stand-in: the official tool could not be had on this machine. See toolchain/plugins/.",
    `exec ${quote(node)} ${quote(main)} "$@"`,
    "",
  ].join("\n");
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {Plugin} plugin */
function choiceName(plugin) {
  return `plugin ${plugin.name}`;
}

/** @param {import("../paths.mjs").Paths} where */
function languageHost(where) {
  return path.join(where.bin, "pulumi-language-nodejs");
}

/**
 * @param {string} home
 * @param {Plugin} plugin
 */
function pluginDirectory(home, plugin) {
  return path.join(home, "plugins", `resource-${plugin.name}-v${plugin.version}`);
}

/**
 * @param {string} directory
 * @param {Plugin} plugin
 */
function executable(directory, plugin) {
  return path.join(directory, `pulumi-resource-${plugin.name}`);
}

/**
 * @param {string} directory
 * @param {Plugin} plugin
 */
function complete(directory, plugin) {
  return fs.existsSync(executable(directory, plugin)) && !fs.existsSync(`${directory}.partial`);
}

/**
 * @param {string} file
 * @param {string} text
 */
function holds(file, text) {
  try {
    return fs.readFileSync(file, "utf8") === text;
  } catch {
    return false;
  }
}
