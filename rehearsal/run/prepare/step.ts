import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import { magnitudeFindings } from "../magnitudes.ts";
import type { RunStep } from "../step.ts";
import { dataFindings, loginFindings, migrationFindings } from "./database.ts";
import { GIVEN, type Given, numbersOf } from "./given.ts";
import { requirementFindings } from "./requirements.ts";
import { variableFindings } from "./variables.ts";

const KIND = "given";

/** What every other step takes for granted. */
export const prepare: RunStep = {
  id: "prepare",
  title: "the environment is ready",
  run: async (context) => {
    const before = [
      ...requirementFindings(context.source),
      ...variableFindings(context.variables),
      ...(await givenOtherwise(context)),
    ];
    const logins = await loginFindings(context);
    if (logins.length > 0) {
      return { detail: "the database cannot be reached in every role", findings: [...before, ...logins] };
    }
    context.signal.throwIfAborted();
    const { applied, findings } = await migrationFindings(context);
    const data = await dataFindings(context);
    const filled = data.snapshot === undefined ? "data of its own" : `data of snapshot ${data.snapshot}`;
    return {
      detail: `${counted(context.logins.length, "role")} logged in, ${counted(applied, "migration")} applied, ${filled}`,
      findings: [...before, ...findings, ...data.findings],
    };
  },
};

/** Numbers of another order than with the release before. Those of a release are kept where they stop nothing. */
async function givenOtherwise(context: RunContext): Promise<Finding[]> {
  const { environment, release, reports, process, worker } = context;
  const numbers = numbersOf({ application: process.environment, worker: worker?.environment });
  const kept = await keptOf(reports, KIND, environment, GIVEN);
  const before = kept.find((given) => given.release !== release)?.numbers ?? {};
  const findings = magnitudeFindings("prepare.variable-magnitude", numbers, before);
  const given: Given = { version: 1, environment, release, takenAt: new Date().toISOString(), numbers };
  if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, given);
  return findings;
}
