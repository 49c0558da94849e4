import { z } from "zod";
import { keep, keptOf } from "../kept.ts";

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
  /** Values that say something, by `schema.table.column`. */
  values: z.record(z.string(), z.number()).default({}),
  /** Rows that the ETL worker's statements have removed, by the statement. */
  removals: z.record(z.string(), z.number()).optional(),
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

const KIND = "database";

/** What is remembered of a database from rehearsal to rehearsal: counts, names and hashes, and no value of a row. */
export type DatabaseState = z.infer<typeof STATE>;

/** Keeps what was found, for the rehearsals after it. */
export async function keepState(folder: string, state: DatabaseState): Promise<void> {
  await keep(folder, KIND, state);
}

/** What was kept of an environment, the newest first. */
export async function keptStates(folder: string, environment: string): Promise<DatabaseState[]> {
  return await keptOf(folder, KIND, environment, STATE);
}
