import type { Finding } from "./finding.ts";

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

/** Whether a decision holds on a day, ISO 8601. */
export function holds({ until }: Accepted, today = new Date().toISOString().slice(0, 10)): boolean {
  return until >= today;
}

/** The findings, with those that are accepted today as warnings that say why. */
export function withDecisions(
  findings: readonly Finding[],
  accepted: readonly Accepted[] = [],
  today?: string,
): Finding[] {
  return findings.map((finding) => {
    if (finding.severity !== "blocking") return finding;
    const decision = accepted.find(
      (one) => one.finding === finding.id && one.subject === finding.subject && holds(one, today),
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
