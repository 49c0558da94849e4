import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { readChoices } from "./choices.mjs";
import { paths } from "./paths.mjs";

/** Says which checkout has completed an environment. */
const CHECKOUT = "REHEARSAL_CHECKOUT";

/**
 * The one definition of the environment in which `pulumi` and this project's commands run. What the user has set stays;
 * what another checkout's tool chain has set does not, or commands here would work on the state there.
 * @param {import("./paths.mjs").Paths} where
 * @param {Record<string, string | undefined>} env the environment to complete
 * @returns {Record<string, string>} the variables to set
 */
export function variables(where, env) {
  const other = env[CHECKOUT];
  return other === undefined || other === where.root ? beside(where, env) : beside(where, left(paths(other), env));
}

/**
 * @param {import("./paths.mjs").Paths} other
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string | undefined>} `env` as it was before the other checkout completed it
 */
function left(other, env) {
  const set = beside(other, {});
  const own = Object.entries(env).filter(([name, value]) => value !== set[name]);
  const searched = (env["PATH"] ?? "").split(path.delimiter).filter((entry) => entry !== other.bin);
  return { ...Object.fromEntries(own), PATH: searched.join(path.delimiter) };
}

/**
 * @param {import("./paths.mjs").Paths} where
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string>} the variables to set beside those of the user
 */
function beside(where, env) {
  /** @type {Record<string, string>} */
  const wanted = {
    PULUMI_HOME: where.home,
    // Without files of metadata beside the state: they are not written whole or not at all, and one that a killed
    // command left empty makes the state unreadable.
    PULUMI_BACKEND_URL: `${pathToFileURL(where.state).href}?metadata=skip`,
    PULUMI_SKIP_UPDATE_CHECK: "1",
    NODE_COMPILE_CACHE: path.join(where.cache, "node-compile"),
  };
  if (!env["PULUMI_CONFIG_PASSPHRASE"]) wanted["PULUMI_CONFIG_PASSPHRASE_FILE"] = where.passphrase;
  // An older Pulumi elsewhere on PATH must not lend its language host or plugins to the CLI of this checkout. An
  // installation of the user's own keeps its ways: some (Nix) have their plugins on PATH.
  if (fs.existsSync(path.join(where.bin, "pulumi"))) wanted["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "1";
  /** @type {Record<string, string>} */
  const result = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (!env[name]) result[name] = value;
  }
  const others = (env["PATH"] ?? "").split(path.delimiter).filter((entry) => entry !== where.bin);
  result["PATH"] = [where.bin, ...others].join(path.delimiter);
  result[CHECKOUT] = where.root;
  return result;
}

/**
 * @param {import("./paths.mjs").Paths} where
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string | undefined>} `env` completed
 */
export function completed(where, env) {
  return { ...env, ...variables(where, env) };
}

/**
 * What a shell that sources `toolchain/activate` has to evaluate.
 * @param {import("./paths.mjs").Paths} where
 * @param {Record<string, string | undefined>} env
 */
export function shellText(where, env) {
  const set = variables(where, env);
  const lines = Object.entries(set).map(([name, value]) => `export ${name}=${quote(value)}`);
  const kept = Object.keys(variables(where, {})).filter((name) => !(name in set));
  const pulumi = readChoices(where.choices)["pulumi"];
  const said =
    `tool chain of ${where.root}: ` +
    (pulumi ? `pulumi ${pulumi.version ?? ""} (${pulumi.source})` : "not set up yet, run `npm run set-up`") +
    (kept.length > 0 ? `; kept from your environment: ${kept.join(", ")}` : "");
  return [...lines, `echo ${quote(said)} >&2`, ""].join("\n");
}

/** @param {string} text */
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
