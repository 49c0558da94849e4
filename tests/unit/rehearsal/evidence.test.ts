import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { evidenceOf } from "../../../rehearsal/evidence/make.ts";
import type { EvidenceRecord } from "../../../rehearsal/evidence/record.ts";
import { createSigningKey, signEvidence } from "../../../rehearsal/evidence/signature.ts";
import { newestEvidence, readEvidence, writeEvidence } from "../../../rehearsal/evidence/store.ts";
import { type Standing, voidReasons } from "../../../rehearsal/evidence/validity.ts";
import type { LeftOut } from "../../../rehearsal/run/run-result.ts";
import { run, STOPPED, SUBJECT, step } from "./run/runs.ts";

const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-evidence-"));
const key = createSigningKey();

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function recordOf(...[result]: Parameters<typeof evidenceOf>): EvidenceRecord {
  const record = evidenceOf(result);
  if ("none" in record) throw new Error(record.none);
  return record;
}

const RECORD = recordOf(run());
const SIGNED = signEvidence(RECORD, key.privateKey);
const ENVIRONMENT = {
  name: "shop-sandbox",
  settings: SUBJECT.settings.environment,
  snapshot: SUBJECT.snapshot,
};
const STANDING: Standing = {
  publicKey: key.publicKey,
  release: "5b1f20c97aa3",
  images: SUBJECT.images,
  sharedSettings: SUBJECT.settings.shared,
  environment: ENVIRONMENT,
};

describe("evidence", () => {
  it("holds for what was rehearsed, in whatever order its keys are", () => {
    expect(voidReasons(SIGNED, STANDING)).toEqual([]);
    const turned = Object.fromEntries(Object.entries(RECORD).toReversed()) as EvidenceRecord;
    expect(voidReasons({ ...SIGNED, record: turned }, STANDING)).toEqual([]);
  });

  it.each<[string, Partial<Standing>, string]>([
    ["another release", { release: "0823e298004d" }, "The release"],
    ["another image", { images: { ...SUBJECT.images, postgres: "other" } }, "The image postgres"],
    ["an image more", { images: { ...SUBJECT.images, other: "more" } }, "The image other"],
    ["an image less", { images: {} }, "The image application"],
    ["another shared setting", { sharedSettings: "3" }, "The hash of the shared settings"],
    ["another environment", { environment: { ...ENVIRONMENT, name: "shop-other" } }, "The environment"],
    ["another own setting", { environment: { ...ENVIRONMENT, settings: "3" } }, "The hash of the environment's own"],
    ["another snapshot", { environment: { ...ENVIRONMENT, snapshot: null } }, "The snapshot"],
    ["another stack's key", { publicKey: createSigningKey().publicKey }, "The signature"],
    ["no key", { publicKey: "" }, "The signature"],
  ])("is void for %s", (_what, change, reason) => {
    expect(voidReasons(SIGNED, { ...STANDING, ...change }).join()).toContain(reason);
  });

  it.each(Object.keys(RECORD) as (keyof EvidenceRecord)[])("is void when %s of its record is changed", (part) => {
    const changed = { ...SIGNED, record: { ...RECORD, [part]: "other" } };
    const steps = part === "steps" ? { ...changed, record: { ...RECORD, steps: [] } } : changed;
    expect(voidReasons(steps, STANDING).join()).toContain("The signature");
  });

  it("is not made of a run that was stopped", () => {
    expect(evidenceOf(STOPPED.result)).toEqual({ none: "drift did not pass" });
  });

  it("is not made without a part that it needs, and is without one that the calendar allows to miss", () => {
    const load: LeftOut = { part: "load", title: "load", reason: "calendar", next: "2026-11-24", required: true };
    expect(evidenceOf(run({ leftOut: [load] }))).toEqual({ none: "load did not run; --all runs all" });
    expect(recordOf(run({ leftOut: [{ ...load, required: false }] })).leftOut).toEqual(["load"]);
  });

  it("is not made of a run in which nothing was looked at", () => {
    expect(evidenceOf(run({ steps: [step("logs", { status: "skipped" })] }))).toHaveProperty("none");
  });

  it("is found by its release, the newest first, past broken files", async () => {
    const later = { ...RECORD, startedAt: "2026-11-22T09:30:00.000Z" };
    for (const record of [RECORD, later, { ...RECORD, release: "other", startedAt: "2026-11-23T09:30:00.000Z" }]) {
      await writeEvidence(folder, signEvidence(record, key.privateKey));
    }
    writeFileSync(path.join(folder, "evidence-broken.json"), "{");
    expect(newestEvidence(folder, "shop-sandbox", RECORD.release)?.record.startedAt).toBe(later.startedAt);
    expect(newestEvidence(folder, "shop-other", RECORD.release)).toBeUndefined();
    expect(() => readEvidence(path.join(folder, "evidence-broken.json"))).toThrow("must be a file of evidence");
  });
});
