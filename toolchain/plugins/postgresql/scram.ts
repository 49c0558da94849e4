import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

// PostgreSQL's own count.
const ITERATIONS = 4096;
const KEY_BYTES = 32;

/**
 * What PostgreSQL stores for a password (RFC 5803), so that the password itself is in no statement that the server may
 * log. A password with other than printable ASCII characters is returned as it is, since only the server normalises
 * those by the rules of SASLprep, and so is one that is a stored form already.
 */
export function passwordVerifier(password: string, salt: Buffer = randomBytes(16)): string {
  if (!/^[\x20-\x7e]*$/.test(password) || /^(md5[0-9a-f]{32}$|SCRAM-SHA-256\$)/.test(password)) return password;
  const salted = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, "sha256");
  const clientKey = createHmac("sha256", salted).update("Client Key").digest();
  const storedKey = createHash("sha256").update(clientKey).digest("base64");
  const serverKey = createHmac("sha256", salted).update("Server Key").digest("base64");
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
