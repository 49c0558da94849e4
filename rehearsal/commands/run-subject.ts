import { execFileSync } from "node:child_process";
import { hostname, userInfo } from "node:os";
import { settingsHashes } from "../../config/settings-hash.ts";
import { evidenceOf } from "../evidence/make.ts";
import { type SigningKey, signEvidence } from "../evidence/signature.ts";
import { writeEvidence } from "../evidence/store.ts";
import type { RunReport } from "../report/run-decision.ts";
import { appliedMigrations } from "../run/applied-migrations.ts";
import type { RunContext } from "../run/context.ts";
import { inClear } from "../run/declaration.ts";
import type { RunResult, RunSubject } from "../run/run-result.ts";
import { SNAPSHOT_LABEL } from "../snapshot/snapshot-image.ts";
import type { LoadedStack } from "./run-context.ts";

/** What a run is about: the release with its images, data, settings and sources, and who rehearses it. */
export async function runSubject(loaded: LoadedStack, context: RunContext): Promise<RunSubject> {
  return {
    stack: loaded.fullName,
    images: stackImages(loaded),
    snapshot: stackSnapshot(loaded),
    migrations: await appliedMigrations(context),
    settings: settingsHashes(loaded.settings),
    git: gitState(),
    by: { user: userName(), host: hostname() },
  };
}

/** The images that a deployed stack runs, by name and digest. */
export function stackImages({ resources }: Pick<LoadedStack, "resources">): Record<string, string> {
  const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const references = inClear(stack?.outputs?.["releaseReferences"]);
  return typeof references === "object" && references !== null ? (references as Record<string, string>) : {};
}

/** Id of the snapshot that a deployed stack's database was started from. */
export function stackSnapshot({ resources }: Pick<LoadedStack, "resources">): string | null {
  for (const { type, inputs } of resources) {
    if (type !== "docker:index/container:Container") continue;
    const labels = (inputs?.["labels"] ?? []) as { label?: string; value?: string }[];
    const found = labels.find(({ label }) => label === SNAPSHOT_LABEL)?.value;
    if (found !== undefined) return found;
  }
  return null;
}

/** The key that a deployed stack signs with; undefined where it was deployed before there was one. */
export function signingKey({ resources }: Pick<LoadedStack, "resources">): SigningKey | undefined {
  const stash = resources.find(({ urn }) => urn.endsWith("-evidence-key"));
  const key = inClear(stash?.inputs?.["input"]);
  return typeof key === "object" && key !== null && "privateKey" in key ? (key as SigningKey) : undefined;
}

/** Makes and writes the evidence of a run where it may have one; else says why not. */
export async function writtenEvidence(
  loaded: LoadedStack,
  result: RunResult,
  folder: string,
): Promise<RunReport["evidence"]> {
  const record = evidenceOf(result);
  if ("none" in record) return record;
  const key = signingKey(loaded);
  if (key === undefined) {
    return { none: `stack ${loaded.fullName} has no key to sign with; pulumi up --stack ${loaded.fullName} makes it` };
  }
  return { file: await writeEvidence(folder, signEvidence(record, key.privateKey)) };
}

function gitState(): RunSubject["git"] {
  const git = (...words: string[]) =>
    execFileSync("git", words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return { commit: git("rev-parse", "HEAD"), changed: git("status", "--porcelain") !== "" };
  } catch {
    return null;
  }
}

/** A process of a container may have no entry in the list of users. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? ""}`.trim();
  }
}
