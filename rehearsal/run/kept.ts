import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { z } from "zod";
import { replaceFile } from "../report/replace-file.ts";

/** What a step keeps of one release in one environment, for the releases after it. */
export interface Kept {
  readonly environment: string;
  readonly release: string;
  /** ISO 8601. */
  readonly takenAt: string;
}

/**
 * Keeps what a step found, as `<kind>-<environment>-<release>.json`: the newest of a release stands in for earlier ones.
 *
 * @param folder of the reports
 */
export async function keep(folder: string, kind: string, state: Kept): Promise<void> {
  const name = fileName(`${kind}-${state.environment}-${state.release}`);
  await replaceFile(path.join(folder, `${name}.json`), `${JSON.stringify(state, null, 2)}\n`);
}

/** What was kept of an environment, the newest first. Broken files, and those of another version, do not count. */
export async function keptOf<T extends Kept>(
  folder: string,
  kind: string,
  environment: string,
  schema: z.ZodType<T>,
): Promise<T[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return [];
  }
  const beginning = `${fileName(`${kind}-${environment}`)}-`;
  const kept = await Promise.all(
    names
      .filter((name) => name.startsWith(beginning) && name.endsWith(".json"))
      .map((name) => read(path.join(folder, name), schema)),
  );
  return kept
    .flatMap((state) => (state?.environment === environment ? [state] : []))
    .sort((one, other) => other.takenAt.localeCompare(one.takenAt));
}

function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "-");
}

async function read<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
