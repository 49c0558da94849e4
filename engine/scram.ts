import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

/** PostgreSQL's own count (scram_iterations). */
const ITERATIONS = 4096;

/**
 * What PostgreSQL keeps of a password under `scram-sha-256` (RFC 5802, RFC 7677), and takes in place of one.
 *
 * @param salt base64
 */
export function scramVerifier(password: string, salt: string): string {
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), ITERATIONS, 32, "sha256");
  const key = (name: string) => createHmac("sha256", salted).update(name).digest();
  const stored = createHash("sha256").update(key("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt}$${stored}:${key("Server Key").toString("base64")}`;
}
