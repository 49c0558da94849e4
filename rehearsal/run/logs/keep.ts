import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { replaceFile } from "../../report/replace-file.ts";
import type { LogSummary } from "./compare.ts";

const SUMMARY = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  hours: z.number(),
  patterns: z.array(
    z.object({
      source: z.string(),
      level: z.enum(["error", "warning", "other"]),
      words: z.array(z.string()),
      count: z.number(),
      sample: z.string(),
    }),
  ),
});

/** Keeps what a release has logged, for the release after it. */
export async function keepLogs(folder: string, summary: LogSummary): Promise<void> {
  const file = path.join(
    folder,
    `${beginning(summary.environment)}${summary.release}.json`.replaceAll(/[^\w./-]/g, "-"),
  );
  await replaceFile(file, `${JSON.stringify(summary, null, 2)}\n`);
}

/** What the newest other release has logged in an environment; undefined where nobody kept any. Broken files do not count. */
export async function earlierLogs(
  folder: string,
  environment: string,
  release: string,
): Promise<LogSummary | undefined> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return undefined;
  }
  const kept = await Promise.all(
    names
      .filter((name) => name.startsWith(beginning(environment)) && name.endsWith(".json"))
      .map((name) => readSummary(path.join(folder, name))),
  );
  return kept
    .filter((summary) => summary?.environment === environment && summary.release !== release)
    .toSorted((one, other) => (other?.takenAt ?? "").localeCompare(one?.takenAt ?? ""))[0];
}

function beginning(environment: string): string {
  return `logs-${environment}-`;
}

async function readSummary(file: string): Promise<LogSummary | undefined> {
  try {
    return SUMMARY.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
