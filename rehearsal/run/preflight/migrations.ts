import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Finding } from "../../finding.ts";
import type { MigrationRehearsal } from "../../migration/result.ts";
import { bytes } from "../../report/format.ts";

/** What the migrations of a release were seen to need when they were rehearsed on a clone. */
export type RehearsedNeed = Pick<MigrationRehearsal, "peakBytes" | "incoming" | "startedAt"> & {
  readonly snapshot: { readonly bytes: number };
  readonly plan: readonly { readonly migration: string }[];
};

/**
 * The newest rehearsal of a release's migrations whose report is in a folder; undefined where there is none.
 *
 * @param image of the release
 */
export async function rehearsedNeed(folder: string, image: string): Promise<RehearsedNeed | undefined> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch {
    return undefined;
  }
  const files = names.filter((name) => name.startsWith("migration-") && name.endsWith(".json"));
  const read = await Promise.all(files.map((name) => readNeed(path.join(folder, name))));
  return read
    .filter((need) => need?.incoming === image)
    .toSorted((one, other) => (other?.startedAt ?? "").localeCompare(one?.startedAt ?? ""))[0];
}

async function readNeed(file: string): Promise<RehearsedNeed | undefined> {
  try {
    const found = JSON.parse(await readFile(file, "utf8")) as Partial<RehearsedNeed>;
    const whole = typeof found.peakBytes === "number" && found.snapshot !== undefined && Array.isArray(found.plan);
    return whole ? (found as RehearsedNeed) : undefined;
  } catch {
    return undefined;
  }
}

/** Storage of production's database that would be full before the release's migrations are through. */
export function migrationStorage(
  stack: string,
  pending: readonly string[],
  need: RehearsedNeed | undefined,
  { databaseBytes, freeBytes }: { readonly databaseBytes: number; readonly freeBytes: number | undefined },
): Finding[] {
  if (need === undefined || freeBytes === undefined) return [];
  const rehearsed = need.plan.filter(({ migration }) => pending.includes(migration));
  if (rehearsed.length === 0) return [];
  // Production has grown since the snapshot was taken.
  const needed = need.peakBytes * Math.max(1, databaseBytes / Math.max(1, need.snapshot.bytes));
  if (needed <= freeBytes) return [];
  return [
    {
      id: "preflight.migration-storage",
      severity: "blocking",
      subject: `the storage of ${stack}'s database`,
      cause:
        `the pending migrations held ${bytes(need.peakBytes)} at their peak on a clone of ${bytes(need.snapshot.bytes)}, which is ` +
        `${bytes(needed)} for ${bytes(databaseBytes)}; ${bytes(freeBytes)} are free`,
      consequence: "The migration fails half-way, and with the storage full the server stops for everybody.",
      remedy: "Make room first, or change the migration so that it does not write a whole table anew.",
      evidence: rehearsed.map(({ migration }) => migration),
    },
  ];
}
