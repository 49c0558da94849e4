import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { MigrationRehearsal } from "../migration/result.ts";
import { migrationPage } from "./migration-page.ts";
import { replaceFile } from "./replace-file.ts";

/** Where reports are, below the current folder. */
const REPORTS = "reports";

/** What a file must have to be taken for a rehearsal of this version. */
const REHEARSAL = z.looseObject({
  version: z.literal(1),
  key: z.string(),
  environment: z.string(),
  form: z.enum(["fast", "full"]),
  outgoing: z.string().nullable(),
  incoming: z.string(),
  snapshot: z.looseObject({ id: z.string(), source: z.string(), takenAt: z.string() }),
  startedAt: z.string(),
  seconds: z.number(),
  verdict: z.enum(["pass", "fail"]),
  steps: z.array(z.looseObject({ id: z.string(), title: z.string(), status: z.string(), seconds: z.number() })),
  findings: z.array(z.looseObject({ id: z.string(), severity: z.enum(["blocking", "warning", "note"]) })),
  plan: z.array(z.looseObject({ migration: z.string() })),
  run: z.array(z.looseObject({ migration: z.string() })),
  peakBytes: z.number(),
  sizes: z.array(z.looseObject({ table: z.string() })),
  oldCode: z.array(z.looseObject({ operation: z.string() })),
  traffic: z.looseObject({ limit: z.number() }).nullable(),
  kills: z.array(z.looseObject({ migration: z.string() })),
  back: z.looseObject({}).nullable(),
});

/**
 * Writes a rehearsal's page and its JSON as `migration-<environment>-<key>`.
 *
 * @returns the paths of the two files
 * @throws Error of the file system where the folder cannot be written
 */
export async function writeReport(
  rehearsal: MigrationRehearsal,
  folder = REPORTS,
): Promise<{ readonly page: string; readonly json: string }> {
  const page = reportFile(folder, rehearsal.environment, rehearsal.key, "html");
  const json = reportFile(folder, rehearsal.environment, rehearsal.key, "json");
  await replaceFile(page, await migrationPage(rehearsal));
  // Last: whoever finds the JSON finds the page as well.
  await replaceFile(json, `${JSON.stringify(rehearsal, null, 2)}\n`);
  return { page, json };
}

/**
 * Reads the rehearsal that was written for an environment under a key. A file that is broken, of another version, or
 * about something else is as if it were not there: the rehearsal is done again.
 */
export async function readReport(
  folder: string,
  environment: string,
  key: string,
): Promise<MigrationRehearsal | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(reportFile(folder, environment, key, "json"), "utf8"));
    const checked = REHEARSAL.safeParse(found);
    if (!checked.success || checked.data.environment !== environment || checked.data.key !== key) return undefined;
    return found as MigrationRehearsal;
  } catch {
    return undefined;
  }
}

function reportFile(folder: string, environment: string, key: string, extension: string): string {
  const name = `migration-${environment}-${key}`.replaceAll(/[^\w.-]/g, "-");
  return path.join(folder, `${name}.${extension}`);
}
