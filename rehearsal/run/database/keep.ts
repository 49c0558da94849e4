import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { replaceFile } from "../../report/replace-file.ts";

const STATE = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  /** ISO 8601. */
  takenAt: z.string(),
  /** Another one where another database was looked at, whose rows and numbers are its own. */
  database: z.string(),
  databaseBytes: z.number(),
  /** By `schema.table`. */
  rows: z.record(z.string(), z.number()),
  keys: z.record(z.string(), z.number()),
  plans: z.array(
    z.object({
      name: z.string(),
      reads: z.record(z.string(), z.enum(["index", "scan"])),
      sorts: z.boolean(),
      error: z.string().optional(),
    }),
  ),
  /** Null where they could not be read. */
  indexes: z.array(z.object({ table: z.string(), name: z.string(), definition: z.string() })).nullable(),
  results: z.record(z.string(), z.object({ data: z.string(), result: z.string() })),
});

/** What is remembered of a database from rehearsal to rehearsal: counts, names and hashes, and no value of a row. */
export type DatabaseState = z.infer<typeof STATE>;

/** Keeps what was found, for the rehearsals after it. */
export async function keepState(folder: string, state: DatabaseState): Promise<void> {
  const name = `${beginning(state.environment)}${state.release}.json`.replaceAll(/[^\w.-]/g, "-");
  await replaceFile(path.join(folder, name), `${JSON.stringify(state, null, 2)}\n`);
}

/** What was kept of an environment, the newest first. Broken files do not count. */
export async function keptStates(folder: string, environment: string): Promise<DatabaseState[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return [];
  }
  const kept = await Promise.all(
    names
      .filter((name) => name.startsWith(beginning(environment)) && name.endsWith(".json"))
      .map((name) => readState(path.join(folder, name))),
  );
  return kept
    .filter((state) => state?.environment === environment)
    .flatMap((state) => (state === undefined ? [] : [state]))
    .sort((one, other) => other.takenAt.localeCompare(one.takenAt));
}

function beginning(environment: string): string {
  return `database-${environment}-`.replaceAll(/[^\w.-]/g, "-");
}

async function readState(file: string): Promise<DatabaseState | undefined> {
  try {
    return STATE.safeParse(JSON.parse(await readFile(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}
