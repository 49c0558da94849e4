import type { SignedEvidence } from "./record.ts";
import { isSignedBy } from "./signature.ts";

/** What evidence must be of to hold. What is undefined is not compared. */
export interface Standing {
  /** In PEM. */
  readonly publicKey: string;
  readonly release: string;
  /** By name and digest. */
  readonly images: Readonly<Record<string, string>>;
  readonly sharedSettings: string;
  /** The rehearsed environment's own: only it can say. */
  readonly environment?: {
    readonly name: string;
    readonly settings: string;
    readonly snapshot: string | null;
  };
}

/**
 * Why evidence is void, one sentence each; empty where it holds.
 *
 * @param evidence whose form has been checked
 */
export function voidReasons(evidence: SignedEvidence, standing: Standing): string[] {
  const { record } = evidence;
  const { environment } = standing;
  const reasons: string[] = [];
  const same = (what: string, then: string | null, now: string | null) => {
    if (then !== now)
      reasons.push(`${what} must be what was rehearsed, ${then ?? "none"}; now it is ${now ?? "none"}.`);
  };
  if (!isSignedBy(evidence, standing.publicKey)) {
    reasons.push("The signature must be the stack's own; the record was changed, or another stack has signed it.");
  }
  if (environment !== undefined) same("The environment", record.environment, environment.name);
  same("The release", record.release, standing.release);
  for (const kind of new Set([...Object.keys(record.images), ...Object.keys(standing.images)])) {
    same(`The image ${kind}`, record.images[kind] ?? null, standing.images[kind] ?? null);
  }
  same("The hash of the shared settings", record.settings.shared, standing.sharedSettings);
  if (environment !== undefined) {
    same("The hash of the environment's own settings", record.settings.environment, environment.settings);
    same("The snapshot", record.snapshot, environment.snapshot);
  }
  const failed = record.steps.filter(({ status }) => status === "failed").map(({ id }) => id);
  if (failed.length > 0) reasons.push(`Every step must have passed; ${failed.join(", ")} failed.`);
  if (!record.steps.some(({ status }) => status === "passed")) reasons.push("A step must have passed; none has.");
  return reasons;
}
