import type { Finding } from "../finding.ts";

/** A finding with which somebody has decided to release. */
export interface Accepted {
  /** Id of the finding. */
  readonly finding: string;
  /** Its subject, whole. */
  readonly subject: string;
  readonly reason: string;
  /** Last day on which the decision holds, ISO 8601, UTC. */
  readonly until: string;
}

/** The findings, with those that are accepted today as warnings that say why. */
export function withDecisions(
  findings: readonly Finding[],
  accepted: readonly Accepted[] = [],
  today = new Date().toISOString().slice(0, 10),
): Finding[] {
  return findings.map((finding) => {
    if (finding.severity !== "blocking") return finding;
    const decision = accepted.find(
      ({ finding: id, subject, until }) => id === finding.id && subject === finding.subject && until >= today,
    );
    if (decision === undefined) return finding;
    const { reason, until } = decision;
    return { ...finding, severity: "warning", cause: `${finding.cause} (accepted until ${until}: ${reason})` };
  });
}

/** Whether a finding stops the release: such a release is nothing to compare the next one with. */
export function stops(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === "blocking");
}
