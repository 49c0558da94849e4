import { z } from "zod";
import { keep, keptOf } from "../kept.ts";

const KIND = "load";
const KEPT = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  /** ISO 8601. */
  takenAt: z.string(),
  latency: z.object({
    pages: z.record(z.string(), z.object({ median: z.number(), count: z.number() })),
    p99: z.number(),
    asset: z.object({ median: z.number(), p95: z.number() }),
    answersPerSecond: z.number(),
  }),
  /** Requests that were not answered after the server had ended the application's sessions. */
  sessionsFailed: z.number().optional(),
});

/** How a release answered under load, for the releases after it. */
export type KeptLoad = z.infer<typeof KEPT>;

/** Keeps how a release answered. */
export async function keepLoad(folder: string, kept: KeptLoad): Promise<void> {
  await keep(folder, KIND, kept);
}

/**
 * How the newest other release answered in an environment; this one itself where there is no other. Undefined where nobody
 * kept any. Broken files do not count.
 */
export async function earlierLoad(folder: string, environment: string, release: string): Promise<KeptLoad | undefined> {
  const kept = await keptOf(folder, KIND, environment, KEPT);
  return kept.find((load) => load.release !== release) ?? kept[0];
}
