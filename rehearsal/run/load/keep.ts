import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { replaceFile } from "../../report/replace-file.ts";

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
});

/** How a release answered under load, for the releases after it. */
export type KeptLoad = z.infer<typeof KEPT>;

/** Keeps how a release answered. */
export async function keepLoad(folder: string, kept: KeptLoad): Promise<void> {
  const name = `${beginning(kept.environment)}${kept.release}.json`.replaceAll(/[^\w.-]/g, "-");
  await replaceFile(path.join(folder, name), `${JSON.stringify(kept, null, 2)}\n`);
}

/**
 * How the newest other release answered in an environment; this one itself where there is no other. Undefined where nobody
 * kept any. Broken files do not count.
 */
export async function earlierLoad(folder: string, environment: string, release: string): Promise<KeptLoad | undefined> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return undefined;
  }
  const files = names.filter((name) => name.startsWith(beginning(environment)) && name.endsWith(".json"));
  const kept = (await Promise.all(files.map((name) => readKept(path.join(folder, name)))))
    .filter((load) => load !== undefined)
    .filter((load) => load.environment === environment)
    .toSorted((one, other) => other.takenAt.localeCompare(one.takenAt));
  return kept.find((load) => load.release !== release) ?? kept[0];
}

function beginning(environment: string): string {
  return `load-${environment}-`.replaceAll(/[^\w.-]/g, "-");
}

async function readKept(file: string): Promise<KeptLoad | undefined> {
  try {
    return KEPT.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
