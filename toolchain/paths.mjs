import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Where the tool chain of one checkout lives. Everything is inside `.toolchain/`, which git ignores.
 * @typedef {object} Paths
 * @property {string} root the checkout
 * @property {string} toolchain `.toolchain/`
 * @property {string} bin first on PATH
 * @property {string} home PULUMI_HOME
 * @property {string} state the file backend
 * @property {string} passphrase the file that encrypts the file backend's secrets, mode 0600
 * @property {string} cache downloads and build caches; may be deleted at any time
 * @property {string} choices which source each tool was taken from
 * @property {string} sources `toolchain/` of the checkout
 */

/** The checkout that this file is part of. */
export const checkout = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * @param {string} [root] absolute path of the checkout
 * @returns {Paths}
 */
export function paths(root = checkout) {
  const toolchain = path.join(root, ".toolchain");
  return {
    root,
    toolchain,
    bin: path.join(toolchain, "bin"),
    home: path.join(toolchain, "home"),
    state: path.join(toolchain, "state"),
    passphrase: path.join(toolchain, "passphrase"),
    cache: path.join(toolchain, "cache"),
    choices: path.join(toolchain, "choices.json"),
    sources: path.join(root, "toolchain"),
  };
}
