import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import type { RunStep } from "../step.ts";
import type { TestSuite } from "./functional-tests.ts";
import { testImage } from "./image.ts";
import { runSuite } from "./run-suite.ts";
import { suiteOutcome } from "./suite-findings.ts";

/** What the project itself asks of a deployed release, as its users and the programs that call its API meet it. */
export const tests: RunStep = {
  id: "tests",
  title: "the project's tests pass",
  selections: (context) => context.tests.suites.map(({ id }) => id),
  run: async (context) => {
    const suites = context.tests.suites.filter(({ id }) => context.leftOut?.has(`tests:${id}`) !== true);
    const skipped = whyNone(context, suites);
    if (skipped !== undefined) return { detail: skipped, findings: [], skipped };
    const image = await testImage(context);
    const findings: Finding[] = [];
    const ran = new Map<string, number>();
    for (const suite of suites) {
      context.signal.throwIfAborted();
      const outcome = suiteOutcome(suite, await runSuite(context, suite, image));
      findings.push(...outcome.findings);
      if (outcome.ran !== undefined) ran.set(suite.id, outcome.ran);
    }
    const counts = suites.map(({ id }) => `${id}${ran.has(id) ? ` ${ran.get(id)}` : ""}`).join(", ");
    return {
      detail: `${counted(suites.length, "suite")} ran, with tests: ${counts}`,
      findings,
      figures: Object.fromEntries([...ran].map(([id, number]) => [`tests of suite ${id}`, number])),
    };
  },
};

/** Why there is nothing to run; undefined where there is. */
function whyNone({ tests: { suites }, protectedData }: RunContext, chosen: readonly TestSuite[]): string | undefined {
  if (suites.length === 0) return "the setting tests.suites declares none";
  if (protectedData) return "database.protect is true: tests write, and this environment's data is kept";
  if (chosen.length === 0) return "the regression calendar leaves all suites out today";
  return undefined;
}
