import * as pulumi from "@pulumi/pulumi";
import { SIGNED_EVIDENCE, type SignedEvidence } from "../rehearsal/evidence/record.ts";
import { createSigningKey, type SigningKey } from "../rehearsal/evidence/signature.ts";
import { newestEvidence } from "../rehearsal/evidence/store.ts";
import { voidReasons } from "../rehearsal/evidence/validity.ts";
import type { ReleaseReferences } from "./release-images.ts";

/** Arguments of a release's evidence. */
export interface ReleaseEvidenceArgs {
  readonly environmentName: string;
  readonly release: string;
  readonly images: pulumi.Output<ReleaseReferences>;
  readonly settings: { readonly shared: string; readonly environment: string };
  /** Id of what the database starts from; null where it starts empty. */
  readonly snapshot: string | null;
  /** Folder of the reports. */
  readonly reports: string;
}

/**
 * The stack's key that evidence is signed with, made once and kept in its state, and the newest evidence that a rehearsal
 * has left. The state keeps a copy of the record: who deploys next need not have the file.
 */
export class ReleaseEvidence extends pulumi.ComponentResource {
  /** In PEM: what others verify evidence with. */
  public readonly publicKey: pulumi.Output<string>;
  /** Evidence for exactly what this deployment declares; undefined where there is none, or something has changed since. */
  public readonly evidence: pulumi.Output<SignedEvidence | undefined>;

  public constructor(name: string, args: ReleaseEvidenceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:ReleaseEvidence", name, {}, opts);
    const key = new pulumi.Stash(
      `${name}-key`,
      { input: pulumi.secret(createSigningKey()) },
      { parent: this, ignoreChanges: ["input"] },
    );
    const found = newestEvidence(args.reports, args.environmentName, args.release);
    const kept = new pulumi.Stash(
      `${name}-record`,
      { input: found ?? "none" },
      { parent: this, ignoreChanges: found === undefined ? ["input"] : [] },
    );
    this.publicKey = pulumi.unsecret(key.input.apply((made) => (made as SigningKey).publicKey));
    this.evidence = pulumi
      .all([kept.input as pulumi.Output<unknown>, this.publicKey, args.images])
      .apply(([record, publicKey, images]) => stillValid(record, publicKey, { ...images }, args));
    this.registerOutputs();
  }
}

async function stillValid(
  record: unknown,
  publicKey: string,
  images: Readonly<Record<string, string>>,
  { environmentName, release, settings, snapshot }: ReleaseEvidenceArgs,
): Promise<SignedEvidence | undefined> {
  const { data: evidence } = SIGNED_EVIDENCE.safeParse(record);
  if (evidence === undefined) return undefined;
  const reasons = voidReasons(evidence, {
    publicKey,
    release,
    images,
    sharedSettings: settings.shared,
    environment: { name: environmentName, settings: settings.environment, snapshot },
  });
  if (reasons.length === 0) return evidence;
  await pulumi.log.info(
    `evidence | that of ${evidence.record.startedAt} is void. ${reasons.join(" ")} Rehearse again: npx rehearse run`,
  );
  return undefined;
}
