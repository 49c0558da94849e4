import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { runOrFail } from "../commands.mjs";
import { readJson, which } from "../files.mjs";

/** @typedef {{ packages?: Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }> }} Lock */

/** @type {import("../context.mjs").Step} */
export const npmDependencies = {
  name: "npm dependencies",
  takes: "the packages of package-lock.json, with `npm ci`",
  for: ["sandbox", "test"],
  remedy: "run `npm ci`, and see to what it says (a registry of your own is set in .npmrc)",

  async present({ where }) {
    const locked = /** @type {Lock | undefined} */ (readJson(path.join(where.root, "package-lock.json")));
    // npm writes this record last, so an interrupted installation has none.
    const installed = /** @type {Lock | undefined} */ (
      readJson(path.join(where.root, "node_modules", ".package-lock.json"))
    );
    const wrong = locked && installed ? firstDifference(locked, installed) : "node_modules";
    if (wrong) return undefined;
    return `${String(Object.keys(installed?.packages ?? {}).length)} packages, as in package-lock.json`;
  },

  async install({ where, user }, progress) {
    // Errors only: what old Nodes and skipped install scripts make npm warn of is dealt with elsewhere.
    const args = ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
    const { command, prefix } = npm(user);
    await runOrFail(command, [...prefix, ...args], {
      cwd: where.root,
      env: npmEnvironment(where, user),
      onLine: (line) => {
        progress.say(`npm ci: ${line}`);
      },
    });
    return "npm ci, from the npm registry";
  },
};

/**
 * The first package that differs between what is locked and what is installed. An optional one may be absent (another platform's).
 * @param {Lock} locked package-lock.json
 * @param {Lock} installed node_modules/.package-lock.json
 * @returns {string | undefined} its place
 */
export function firstDifference(locked, installed) {
  for (const [place, entry] of Object.entries(locked.packages ?? {})) {
    if (place === "") continue;
    const there = installed.packages?.[place];
    if (!there && (entry.optional || entry.devOptional)) continue;
    if (there?.version !== entry.version) return place;
  }
  return Object.keys(installed.packages ?? {}).find((place) => !locked.packages?.[place]);
}

/**
 * The npm that runs this script, or else the one on PATH.
 * @param {Record<string, string | undefined>} env
 * @returns {{ command: string, prefix: string[] }}
 */
export function npm(env) {
  const script = env["npm_execpath"];
  if (script?.endsWith("npm-cli.js"))
    return { command: env["npm_node_execpath"] ?? process.execPath, prefix: [script] };
  return { command: which("npm", env["PATH"]) ?? "npm", prefix: [] };
}

/**
 * The environment for an npm of the set-up's own. It shares the user's cache where there is one; else nothing is written
 * outside the checkout. (`npm run` names the cache to its scripts even where the user has not.)
 * @param {import("../paths.mjs").Paths} where
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string | undefined>}
 */
export function npmEnvironment(where, env) {
  const usual = env["npm_config_cache"] ?? path.join(env["HOME"] ?? os.homedir(), ".npm");
  const cache = fs.existsSync(path.join(usual, "_cacache")) ? usual : path.join(where.cache, "npm");
  // Where an `npm run` has its project, an npm elsewhere must not hear.
  const projects = ["npm_config_local_prefix", "npm_package_json", "INIT_CWD"];
  const others = Object.entries(env).filter(([name]) => !projects.includes(name));
  // Optional packages that are compiled where they can be fetch Node's headers first.
  const headers = path.join(where.cache, "node-gyp");
  return { npm_config_devdir: headers, ...Object.fromEntries(others), npm_config_cache: cache };
}
