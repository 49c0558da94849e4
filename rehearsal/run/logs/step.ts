import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { count, counted } from "../../report/format.ts";
import type { RunStep } from "../step.ts";
import { collectLogs } from "./collect.ts";
import { type LogSummary, logFindings } from "./compare.ts";
import { disclosureFinding } from "./disclosed.ts";
import { earlierLogs, keepLogs } from "./keep.ts";

/** A release whose every answer is 200 may fail all the same: its log says so. */
export const logs: RunStep = {
  id: "logs",
  title: "no new errors in the logs",
  run: async ({ environment, release, reports, ...context }) => {
    const { patterns, hours, lines, disclosures, unreadable } = await collectLogs({
      ...context,
      environment,
      release,
      reports,
    });
    if (lines === 0) {
      throw new Error(
        "the processes of the environment must have logged something since the deployment; the engine gives no line. " +
          "Check that their log driver is one that it can read: docker service logs SERVICE",
      );
    }
    const now: LogSummary = {
      version: 1,
      environment,
      release,
      takenAt: new Date().toISOString(),
      hours,
      patterns,
    };
    const before = await earlierLogs(reports, environment, release);
    const findings = [
      ...unreadable.map(unreadableFinding),
      ...disclosures.map(disclosureFinding),
      ...logFindings(now, before),
    ];
    // What stops a release is not what the next one may do as well.
    if (!stops(withDecisions(findings, context.accepted))) await keepLogs(reports, now);
    const compared =
      before === undefined ? "no release before to compare with" : `compared with release ${before.release}`;
    return {
      detail: `${count(lines)} entries, ${counted(patterns.length, "pattern")} of errors and warnings; ${compared}`,
      findings,
    };
  },
};

function unreadableFinding(service: string): Finding {
  return {
    id: "log.unreadable",
    severity: "blocking",
    subject: service,
    cause: "its log driver is none: what its tasks write is thrown away",
    consequence: "What goes wrong leaves no trace, and nobody can find out why.",
    remedy: "Give the service a log driver that the engine can read, such as json-file with max-size.",
  };
}
