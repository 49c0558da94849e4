import fs from "node:fs";
import path from "node:path";
import { run } from "./commands.mjs";
import { SetUpFailure } from "./failure.mjs";
import { writeWhole } from "./files.mjs";

/**
 * Pulumi refuses a stack's file whose encryption salt belongs to another passphrase. Where the passphrase of this machine is
 * gone (`.toolchain/` was deleted), a salt that nothing was encrypted with, and that nobody has committed, is of no use any more.
 * @param {import("./paths.mjs").Paths} where
 * @param {readonly string[]} stacks
 * @returns {Promise<string>} what to say about it; empty where there was none
 */
export async function dropLostSalt({ root }, stacks) {
  /** @type {string[]} */
  const dropped = [];
  for (const stack of stacks) {
    const name = `Pulumi.${stack}.yaml`;
    const file = path.join(root, name);
    if (!fs.existsSync(file)) continue;
    const text = fs.readFileSync(file, "utf8");
    if (!hasSalt(text)) continue;
    const committed = await run("git", ["show", `HEAD:./${name}`], { cwd: root });
    if (hasSecrets(text) || (committed.status === 0 && hasSalt(committed.stdout))) {
      throw new SetUpFailure(
        `${name} is encrypted with a passphrase that this machine does not have`,
        "put that passphrase into .toolchain/passphrase (mode 0600), or set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
      );
    }
    writeWhole(file, withoutSalt(text));
    dropped.push(name);
  }
  return dropped.length > 0 ? `; the encryption salt of a lost passphrase was taken out of ${dropped.join(", ")}` : "";
}

/** @param {string} text of a stack's file */
export function hasSalt(text) {
  return /^encryptionsalt:/m.test(text);
}

/** @param {string} text of a stack's file */
export function hasSecrets(text) {
  return /^\s+(- )?secure:|\{\s*secure:/m.test(text);
}

/** @param {string} text of a stack's file */
export function withoutSalt(text) {
  return text.replace(/^encryptionsalt:.*\n?/m, "");
}
