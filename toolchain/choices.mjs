import fs from "node:fs";
import path from "node:path";
import { readJson, writeWhole } from "./files.mjs";

/**
 * Where a tool was taken from. `file`, `size` and `modified` let the next set-up see without starting it that it is still the same.
 * @typedef {object} Choice
 * @property {string} source a phrase for people: "found on PATH", "built from the Go module proxy"
 * @property {string} [version]
 * @property {string} [file]
 * @property {number} [size] bytes
 * @property {number} [modified] milliseconds
 * @property {boolean} [fallback] whether the official tool could not be had; `--again` tries it again
 */

/**
 * @param {string} file `.toolchain/choices.json`
 * @returns {Record<string, Choice>} empty where there is no such file, or it is not readable as one
 */
export function readChoices(file) {
  const found = readJson(file);
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? /** @type {Record<string, Choice>} */ (found)
    : {};
}

/**
 * @param {string} file `.toolchain/choices.json`
 * @param {string} name
 * @param {Choice | undefined} choice undefined forgets it
 */
export function remember(file, name, choice) {
  const others = Object.entries(readChoices(file)).filter(([other]) => other !== name);
  /** @type {[string, Choice][]} */
  const all = choice ? [...others, [name, choice]] : others;
  const sorted = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b)));
  writeWhole(file, `${JSON.stringify(sorted, null, 2)}\n`);
}

/**
 * What `unchanged` compares later.
 * @param {string} file
 * @returns {{ file: string, size: number, modified: number }}
 */
export function identity(file) {
  const { size, mtimeMs } = fs.statSync(file);
  return { file, size, modified: mtimeMs };
}

/**
 * Whether the file of a choice is still the one that was chosen. One inside `.toolchain/` has to be this checkout's own:
 * the checkout may have been copied or moved.
 * @param {Choice} choice
 * @param {import("./paths.mjs").Paths} where
 * @returns {boolean}
 */
export function unchanged({ file, size, modified }, where) {
  if (file === undefined) return false;
  const inside = file.split(path.sep).includes(path.basename(where.toolchain));
  if (inside && !file.startsWith(where.toolchain + path.sep)) return false;
  const found = fs.statSync(file, { throwIfNoEntry: false });
  return found !== undefined && found.size === size && found.mtimeMs === modified;
}
