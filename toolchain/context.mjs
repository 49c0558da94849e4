import process from "node:process";
import { askEngine } from "./engine.mjs";
import { completed } from "./environment.mjs";
import { paths } from "./paths.mjs";

/**
 * What every step of the set-up is handed.
 * @typedef {object} Context
 * @property {import("./paths.mjs").Paths} where
 * @property {Record<string, string | undefined>} user the environment as the user made it
 * @property {() => Record<string, string | undefined>} env that environment completed with the tool chain's own variables
 * @property {boolean} again whether stand-ins are given up for official tools where these can be had now
 * @property {boolean} root whether the package manager may be used
 * @property {() => Promise<import("./engine.mjs").Engine>} engine asked once until it is forgotten
 * @property {() => void} forgetEngine after something was done to the engine
 */

/**
 * A step of the set-up. `present` is cheap: it runs at each command.
 * @typedef {object} Step
 * @property {string} name
 * @property {string} takes what it takes and from where, the first that works
 * @property {readonly ("sandbox" | "test")[]} for
 * @property {(context: Context) => Promise<string | undefined>} present what is there and where it came from; undefined where it has to be installed
 * @property {(context: Context, progress: import("./progress.mjs").Progress) => Promise<string>} install says what was taken, from where
 * @property {string} remedy what to do by hand when it fails
 */

/**
 * @param {{ root?: string, env?: Record<string, string | undefined>, again?: boolean }} [options]
 * @returns {Context}
 */
export function makeContext({ root, env = process.env, again = false } = {}) {
  const where = paths(root);
  /** @type {Promise<import("./engine.mjs").Engine> | undefined} */
  let engine;
  return {
    where,
    user: env,
    env: () => completed(where, env),
    again,
    root: process.getuid?.() === 0,
    engine: () => (engine ??= askEngine(env)),
    forgetEngine() {
      engine = undefined;
    },
  };
}
