import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { replaceFile } from "../report/replace-file.ts";
import { SIGNED_EVIDENCE, type SignedEvidence } from "./record.ts";

const BEGINNING = "evidence-";

/** Writes evidence as `evidence-<environment>-<time>.json` and gives the path. */
export async function writeEvidence(folder: string, evidence: SignedEvidence): Promise<string> {
  const { environment, startedAt } = evidence.record;
  const time = startedAt.replaceAll(/[-:]/g, "").replace(/\.\d+/, "");
  const file = path.join(folder, `${BEGINNING}${environment}-${time}.json`.replaceAll(/[^\w.-]/g, "-"));
  await replaceFile(file, `${JSON.stringify(evidence, null, 2)}\n`);
  return file;
}

/**
 * Reads evidence from a file.
 *
 * @throws Error where it cannot be read, or holds something else
 */
export function readEvidence(file: string): SignedEvidence {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} must be a file of evidence; found ${error instanceof Error ? error.message : ""}`);
  }
  const checked = SIGNED_EVIDENCE.safeParse(found);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new Error(`${file} must hold evidence; at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}

/** The newest evidence of a release in a folder; undefined where there is none. Broken files do not count. */
export function newestEvidence(folder: string, environment: string, release: string): SignedEvidence | undefined {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return undefined;
  }
  return names
    .filter((name) => name.startsWith(BEGINNING) && name.endsWith(".json"))
    .flatMap((name) => {
      try {
        return [readEvidence(path.join(folder, name))];
      } catch {
        return [];
      }
    })
    .filter(({ record }) => record.environment === environment && record.release === release)
    .toSorted((one, other) => Date.parse(other.record.startedAt) - Date.parse(one.record.startedAt))[0];
}
