import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { RunResult } from "./run-result.ts";

const FINDING = z.looseObject({
  id: z.string(),
  severity: z.enum(["blocking", "warning", "note"]),
  subject: z.string(),
  cause: z.string(),
  consequence: z.string(),
  remedy: z.string(),
});

/** What a file must have to be taken for a run of this version. */
const RUN = z.looseObject({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  startedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  verdict: z.enum(["pass", "stop"]),
  steps: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      status: z.enum(["passed", "failed", "skipped"]),
      seconds: z.number().nonnegative(),
      detail: z.string(),
      findings: z.array(FINDING),
      figures: z.record(z.string(), z.number()).optional(),
    }),
  ),
});

/**
 * The runs whose reports are in a folder, the oldest first. Files that are broken, of another version, or of something
 * else do not count.
 */
export async function pastRuns(folder: string): Promise<RunResult[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return [];
  }
  const files = names.filter((name) => name.startsWith("rehearsal-") && name.endsWith(".json"));
  const runs = await Promise.all(files.map((name) => readRun(path.join(folder, name))));
  return runs
    .filter((run) => run !== undefined)
    .toSorted((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
}

async function readRun(file: string): Promise<RunResult | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(file, "utf8"));
    return RUN.safeParse(found).success ? (found as RunResult) : undefined;
  } catch {
    return undefined;
  }
}
