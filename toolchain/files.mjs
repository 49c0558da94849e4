import fs from "node:fs";
import path from "node:path";

/**
 * Writes a whole file or none, whatever kills this process: under another name first, then renamed.
 * @param {string} file
 * @param {string} text
 * @param {number} [mode]
 */
export function writeWhole(file, text, mode = 0o644) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const partial = partialName(file);
  fs.writeFileSync(partial, text, { mode });
  fs.renameSync(partial, file);
}

/**
 * @param {string} target
 * @param {string} file
 */
export function linkWhole(target, file) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const partial = partialName(file);
  fs.rmSync(partial, { force: true });
  fs.symlinkSync(target, partial);
  fs.renameSync(partial, file);
}

/**
 * A name beside the file, so that the rename stays on one file system.
 * @param {string} file
 */
export function partialName(file) {
  return `${file}.partial-${String(process.pid)}`;
}

/**
 * Puts a finished directory in place of what is there. A kill between the two renames leaves the place empty, never mixed.
 * @param {string} partial
 * @param {string} directory
 */
export function replaceDirectory(partial, directory) {
  const old = `${partial}-old`;
  if (fs.existsSync(directory)) fs.renameSync(directory, old);
  fs.renameSync(partial, directory);
  fs.rmSync(old, { recursive: true, force: true });
}

/**
 * Removes what commands that were killed have left half done. Only for who knows that no other command is at work.
 * @param {readonly string[]} directories
 */
export function removePartial(directories) {
  for (const directory of directories) {
    if (!fs.existsSync(directory)) continue;
    for (const name of fs.readdirSync(directory)) {
      if (/\.partial-\d+(-old)?$/.test(name)) fs.rmSync(path.join(directory, name), { recursive: true, force: true });
    }
  }
}

/**
 * @param {string} file
 * @returns {unknown} undefined where there is no file, or no JSON in it
 */
export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * The first executable of this name on a PATH.
 * @param {string} name
 * @param {string | undefined} searchPath
 * @param {readonly string[]} [except] directories to leave out
 */
export function which(name, searchPath, except = []) {
  for (const directory of (searchPath ?? "").split(path.delimiter)) {
    if (directory === "" || except.includes(path.resolve(directory))) continue;
    const file = path.join(directory, name);
    try {
      fs.accessSync(file, fs.constants.X_OK);
      if (fs.statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/**
 * Bytes of all files below a directory; 0 where it is absent.
 * @param {string} directory
 * @returns {number}
 */
export function size(directory) {
  let total = 0;
  try {
    for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      total += entry.isDirectory() ? size(file) : fs.statSync(file).size;
    }
  } catch {
    // what is being written may be renamed meanwhile
  }
  return total;
}
