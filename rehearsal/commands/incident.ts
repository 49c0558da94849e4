import { parseArgs } from "node:util";
import { printable } from "../report/html.ts";
import { RUN_STEPS } from "../run/steps.ts";
import { addIncident, INCIDENTS_FILE, type Incident, readIncidents } from "../statistics/incidents.ts";
import { incidentHelp } from "./incident-help.ts";

/** `rehearse incident`: exit code 0, 1 where the file cannot be used, 2 for wrong options. */
export function incident(words: readonly string[]): number {
  let asked: Incident | "list";
  try {
    asked = parsed(words);
  } catch (error) {
    console.error(`rehearse incident: ${message(error)}\n\n${incidentHelp}`);
    return 2;
  }
  try {
    const known = readIncidents();
    if (asked === "list") {
      for (const { at, release, what, wouldBeCaughtBy } of known) {
        console.log(printable(`${at}  ${release}  ${what}  (${wouldBeCaughtBy ?? "no step known"})`));
      }
      if (known.length === 0) console.log("No failure in production is on record.");
      return 0;
    }
    addIncident(asked);
    console.log(`Added to ${INCIDENTS_FILE}, which belongs in git. Failures on record: ${known.length + 1}.`);
    return 0;
  } catch (error) {
    console.error(`rehearse incident: ${message(error)}`);
    return 1;
  }
}

function parsed(words: readonly string[]): Incident | "list" {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      release: { type: "string" },
      what: { type: "string" },
      when: { type: "string" },
      "would-be-caught-by": { type: "string" },
    },
  });
  const [subcommand, ...more] = positionals;
  const options = Object.entries(values);
  if (subcommand === "list" && more.length === 0 && options.length === 0) return "list";
  const faults: string[] = [];
  if (subcommand !== "add" || more.length > 0) {
    faults.push(`the words must be add with options, or list alone; found ${positionals.join(" ") || "nothing"}`);
  }
  const { release = "", what = "", when = new Date().toISOString(), "would-be-caught-by": step = null } = values;
  for (const [option, value] of Object.entries({ release, what })) {
    if (value.trim() === "") faults.push(`--${option} must be given; found nothing`);
  }
  if (Number.isNaN(Date.parse(when))) faults.push(`--when must be a time such as 2026-11-21T09:30Z; found ${when}`);
  const ids = RUN_STEPS.map(({ id }) => id);
  if (step !== null && !ids.includes(step)) {
    faults.push(`--would-be-caught-by must be a step (${ids.join(", ")}); found ${step}`);
  }
  if (faults.length > 0) throw new Error(faults.join("\n  "));
  return { at: new Date(when).toISOString(), release: release.trim(), what: what.trim(), wouldBeCaughtBy: step };
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
