import type { Finding } from "../../finding.ts";
import type { CodeOperation } from "../../migration/outgoing-code.ts";

/** Seconds that a request may wait for somebody else's server: health checks and visitors wait little longer. */
const PATIENT_SECONDS = 10;

/**
 * Servers outside that a request asks while somebody waits for its answer.
 *
 * @param before servers that it asked with the release before, with the seconds that it waited for each (null: for ever);
 *   undefined where that is not known
 */
export function outsideFindings(
  { operation, outside = {} }: CodeOperation,
  before: CodeOperation["outside"] | undefined,
): Finding[] {
  if (before === undefined) return [];
  return Object.entries(outside).flatMap(([server, seconds]): Finding[] => {
    const known = before[server];
    if (known !== undefined && isAsPatient(known, seconds)) return [];
    const patience = seconds === null ? "without a limit of time" : `for up to ${seconds} s`;
    const earlier = known === undefined ? "did not ask it" : `waited ${known === null ? "without one" : `${known} s`}`;
    return [
      {
        id: "code.outside",
        severity: seconds === null || seconds >= PATIENT_SECONDS ? "blocking" : "warning",
        subject: operation,
        cause: `while it is answered it asks ${server}, and waits for it ${patience}; the release before ${earlier}`,
        consequence:
          "Where that server is slow or silent each such request holds a worker: soon none is left for other pages, and health checks have healthy tasks killed.",
        remedy:
          "Ask it outside of requests (the ETL worker, a schedule) and keep its answer; at the least with a timeout of a second or two.",
      },
    ];
  });
}

function isAsPatient(before: number | null, now: number | null): boolean {
  return before === null || (now !== null && now <= before);
}
