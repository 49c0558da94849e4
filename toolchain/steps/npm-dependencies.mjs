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
    const env = { npm_config_cache: path.join(where.cache, "npm"), ...user };
    // Errors only: what old Nodes and skipped install scripts make npm warn of is dealt with elsewhere.
    const args = ["ci", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
    const { command, prefix } = npm(user);
    await runOrFail(command, [...prefix, ...args], {
      cwd: where.root,
      env,
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
