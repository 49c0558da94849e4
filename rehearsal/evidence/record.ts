import { z } from "zod";

/** What a rehearsal that passed leaves: what was rehearsed, what each step said, and who did it when and where. */
export const EVIDENCE_RECORD = z.strictObject({
  version: z.literal(1),
  /** The stack's full name. */
  stack: z.string(),
  environment: z.string(),
  release: z.string(),
  /** The images of the release by name and digest. */
  images: z.record(z.string(), z.string()),
  snapshot: z.string().nullable(),
  migrations: z.array(z.string()),
  /** Hashes of the settings that every environment shares, and of the rehearsed one's own. */
  settings: z.strictObject({ shared: z.string(), environment: z.string() }),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      status: z.enum(["passed", "failed", "skipped"]),
      seconds: z.number(),
      detail: z.string(),
      warnings: z.int(),
    }),
  ),
  /** Parts that the calendar left out, which it allows. */
  leftOut: z.array(z.string()),
  /** ISO 8601. */
  startedAt: z.string(),
  finishedAt: z.string(),
  by: z.strictObject({ user: z.string(), host: z.string() }),
  git: z.strictObject({ commit: z.string(), changed: z.boolean() }).nullable(),
});

/** A record with the stack's signature. */
export const SIGNED_EVIDENCE = z.strictObject({
  record: EVIDENCE_RECORD,
  /** Ed25519 over the record's canonical JSON (RFC 8785) behind a line that names its kind, in base64. */
  signature: z.base64(),
});

/** What a rehearsal that passed leaves. */
export type EvidenceRecord = z.infer<typeof EVIDENCE_RECORD>;

/** A record with the stack's signature. */
export type SignedEvidence = z.infer<typeof SIGNED_EVIDENCE>;
