import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { z } from "zod";

/** Where failures in production are kept, in git. */
export const INCIDENTS_FILE = "incidents.jsonl";

const INCIDENT = z.strictObject({
  /** ISO 8601. */
  at: z.iso.datetime({ offset: true }),
  release: z.string().min(1),
  what: z.string().min(1),
  /** Id of the step whose business it would have been; null where nobody knows. */
  wouldBeCaughtBy: z.string().nullable(),
});

/** A release that failed in production. */
export type Incident = z.infer<typeof INCIDENT>;

/** Adds a failure: one JSON object a line, so that two branches merge. */
export function addIncident(incident: Incident, file = INCIDENTS_FILE): void {
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const separator = before === "" || before.endsWith("\n") ? "" : "\n";
  appendFileSync(file, `${separator}${JSON.stringify(INCIDENT.parse(incident))}\n`);
}

/**
 * All failures on record, the oldest first; none where there is no file.
 *
 * @throws Error with every line that is wrong
 */
export function readIncidents(file = INCIDENTS_FILE): Incident[] {
  if (!existsSync(file)) return [];
  const faults: string[] = [];
  const incidents = readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, index) => {
      if (line.trim() === "") return [];
      const incident = parsedLine(line);
      if (incident === undefined) faults.push(`  line ${index + 1}: ${line.slice(0, 120)}`);
      return incident ?? [];
    });
  if (faults.length > 0) {
    throw new Error(
      [
        `${file} must hold an object with at, release, what and wouldBeCaughtBy in each line; found others:`,
        ...faults,
        "Mend these lines, or take them out and add them with: npx rehearse incident add",
      ].join("\n"),
    );
  }
  return incidents.toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
}

function parsedLine(line: string): Incident | undefined {
  try {
    return INCIDENT.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
