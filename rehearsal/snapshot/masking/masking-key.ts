import { createHash, randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import path from "node:path";

/** The key under which values are masked, and what may be said of it. */
export interface MaskingKey {
  readonly key: Buffer;
  /** Tells two keys apart and gives neither away. */
  readonly fingerprint: string;
}

const VARIABLE = "REHEARSE_MASKING_KEY";
const SHORTEST = 16;

/**
 * The key of this checkout: REHEARSE_MASKING_KEY, or a file that is made once. Snapshots under one key agree: the same
 * value gets the same mask in each.
 *
 * @param file where the key is kept
 * @throws Error when the variable is too short, or the file is open to others
 */
export function maskingKey(file: string): MaskingKey {
  const given = process.env[VARIABLE];
  if (given !== undefined && given !== "") {
    if (given.length < SHORTEST) {
      throw new Error(
        `${VARIABLE} must have at least ${SHORTEST} characters; found ${given.length}. Make one with: openssl rand -hex 32`,
      );
    }
    return described(given);
  }
  makeOnce(file);
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Error(`${file} must be readable for its owner alone; found other rights. Run: chmod 600 ${file}`);
  }
  return described(readFileSync(file, "utf8").trim());
}

function described(secret: string): MaskingKey {
  const digest = (purpose: string) => createHash("sha256").update(`${purpose}:${secret}`).digest();
  return { key: digest("mask"), fingerprint: digest("fingerprint").toString("hex").slice(0, 12) };
}

function makeOnce(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  try {
    const descriptor = openSync(file, "wx", 0o600);
    writeSync(descriptor, `${randomBytes(32).toString("hex")}\n`);
    closeSync(descriptor);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
