import { z } from "zod";
import { keep, keptOf } from "../kept.ts";
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
const KIND = "logs";

/** Keeps what a release has logged, for the release after it. */
export async function keepLogs(folder: string, summary: LogSummary): Promise<void> {
  await keep(folder, KIND, summary);
}

/** What the newest other release has logged in an environment; undefined where nobody kept any. */
export async function earlierLogs(
  folder: string,
  environment: string,
  release: string,
): Promise<LogSummary | undefined> {
  return (await keptOf(folder, KIND, environment, SUMMARY)).find((summary) => summary.release !== release);
}
