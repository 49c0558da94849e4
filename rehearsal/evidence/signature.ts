import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import canonicalize from "canonicalize";
import type { EvidenceRecord, SignedEvidence } from "./record.ts";

/** A key pair of a stack, both in PEM. */
export interface SigningKey {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** The key may sign other kinds one day: no signature of one kind is one of another. */
const KIND = "rehearsal evidence 1\n";

/** Makes a key pair (Ed25519). */
export function createSigningKey(): SigningKey {
  return generateKeyPairSync("ed25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

/** Signs a record. */
export function signEvidence(record: EvidenceRecord, privateKey: string): SignedEvidence {
  return { record, signature: sign(null, signedBytes(record), privateKey).toString("base64") };
}

/** Whether the holder of the key has signed exactly this record. A text that is no public key has signed nothing. */
export function isSignedBy({ record, signature }: SignedEvidence, publicKey: string): boolean {
  try {
    return verify(null, signedBytes(record), createPublicKey(publicKey), Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

function signedBytes(record: EvidenceRecord): Buffer {
  return Buffer.from(`${KIND}${canonicalize(record) ?? ""}`);
}
