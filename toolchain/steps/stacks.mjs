import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readChoices, remember } from "../choices.mjs";
import { run } from "../commands.mjs";
import { SetUpFailure } from "../failure.mjs";
import { writeWhole } from "../files.mjs";
import { dropLostSalt } from "../lost-salt.mjs";

/** The sandbox last: `pulumi stack init` selects it for plain `pulumi` commands. */
const names = ["production", "sandbox"];

/** @type {import("../context.mjs").Step} */
export const stacks = {
  name: "stacks",
  takes:
    "a state backend and a passphrase of this machine (.toolchain/state, .toolchain/passphrase) unless the environment names others",
  for: ["sandbox", "test"],
  remedy: "run `pulumi stack init sandbox` in a shell that has sourced toolchain/activate, and see to what it says",

  async present(context) {
    const { where, env } = context;
    const url = String(env()["PULUMI_BACKEND_URL"]);
    const wanted = names.filter((name) => fs.existsSync(path.join(where.root, `Pulumi.${name}.yaml`)));
    if (needsPassphrase(context) && !fs.existsSync(where.passphrase)) return undefined;
    const directory = localDirectory(url);
    const all = directory
      ? wanted.every((name) => hasStack(directory, projectName(where.root), name))
      : readChoices(where.choices)["stacks"]?.source === url;
    return all ? `${wanted.join(", ")} in ${shown(where, url)}` : undefined;
  },

  async install(context, progress) {
    const { where, env } = context;
    const url = String(env()["PULUMI_BACKEND_URL"]);
    const directory = localDirectory(url);
    if (directory) fs.mkdirSync(directory, { recursive: true });
    let note = "";
    if (needsPassphrase(context) && !fs.existsSync(where.passphrase)) {
      note = await dropLostSalt(where, names);
      writeWhole(where.passphrase, `${crypto.randomBytes(24).toString("base64url")}\n`, 0o600);
    }
    const wanted = names.filter((name) => fs.existsSync(path.join(where.root, `Pulumi.${name}.yaml`)));
    for (const name of wanted) {
      if (directory && hasStack(directory, projectName(where.root), name)) continue;
      progress.say(`pulumi stack init ${name}`);
      const args = ["stack", "init", name, "--non-interactive", "--color", "never"];
      const result = await run("pulumi", args, { cwd: where.root, env: env(), seconds: 120 });
      if (result.status !== 0 && !/already exists/.test(result.tail.join("\n"))) throw refused(name, result.tail);
    }
    if (!directory) remember(where.choices, "stacks", { source: url });
    return `${wanted.join(", ")} made in ${shown(where, url)}${note}`;
  },
};

/** @param {import("../context.mjs").Context} context */
function needsPassphrase({ where, env }) {
  return env()["PULUMI_CONFIG_PASSPHRASE_FILE"] === where.passphrase;
}

/**
 * @param {string} name
 * @param {readonly string[]} output
 */
function refused(name, output) {
  const wrong = /incorrect passphrase/.test(output.join("\n"));
  return new SetUpFailure(
    `\`pulumi stack init ${name}\` failed`,
    wrong
      ? `Pulumi.${name}.yaml was encrypted with another passphrase: put that one into .toolchain/passphrase, or set PULUMI_CONFIG_PASSPHRASE_FILE`
      : undefined,
    output,
  );
}

/**
 * @param {string} url a backend's
 * @returns {string | undefined} the directory of a file backend
 */
export function localDirectory(url) {
  if (!url.startsWith("file://")) return undefined;
  const rest = url.slice("file://".length);
  return rest.startsWith("/") ? fileURLToPath(url.replace(/\?.*$/, "")) : undefined;
}

/**
 * @param {string} directory of the file backend
 * @param {string} project
 * @param {string} name
 */
function hasStack(directory, project, name) {
  const file = path.join(directory, ".pulumi", "stacks", project, `${name}.json`);
  return fs.existsSync(file) || fs.existsSync(`${file}.gz`);
}

/**
 * @param {string} root
 * @returns {string} the project's name in Pulumi.yaml
 */
export function projectName(root) {
  const file = path.join(root, "Pulumi.yaml");
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  return /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1] ?? "";
}

/**
 * @param {import("../paths.mjs").Paths} where
 * @param {string} url
 */
function shown(where, url) {
  const directory = localDirectory(url);
  return directory === where.state ? ".toolchain/state" : `${new URL(url).protocol}//… (PULUMI_BACKEND_URL)`;
}
