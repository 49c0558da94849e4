import type { Finding } from "../../finding.ts";
import type { CodeOperation } from "../../migration/outgoing-code.ts";

/** Seconds that a request may wait for somebody else's server: health checks and visitors wait little longer. */
const PATIENT_SECONDS = 10;
const NAMED = 12;

/** What one operation was with the release before; `undefined` where that is not known. */
type Before = (operation: CodeOperation) => CodeOperation["outside"] | undefined;

/**
 * Servers outside that requests ask while somebody waits for their answers: one finding for each server.
 *
 * @param before servers that an operation asked with the release before, with the seconds that it waited for each (null: for
 *   ever)
 */
export function outsideFindings(operations: readonly CodeOperation[], before: Before): Finding[] {
  const asking = operations.flatMap((operation) =>
    Object.entries(operation.outside ?? {}).flatMap(([server, seconds]) => {
      const known = before(operation);
      if (known === undefined || isAsPatient(known[server], seconds)) return [];
      return [{ operation: operation.operation, server, seconds, earlier: known[server] }];
    }),
  );
  return [...Map.groupBy(asking, ({ server }) => server).values()].flatMap((all): Finding[] => {
    const [longest] = all.toSorted(
      (one, other) => (other.seconds ?? Number.MAX_VALUE) - (one.seconds ?? Number.MAX_VALUE),
    );
    if (longest === undefined) return [];
    const { operation, server, seconds, earlier } = longest;
    const others = all.map((one) => one.operation).filter((one) => one !== operation);
    const patience = seconds === null ? "without a limit of time" : `for up to ${seconds} s`;
    const was = earlier === undefined ? "did not ask it" : `waited ${earlier} s`;
    return [
      {
        id: "code.outside",
        severity: seconds === null || seconds >= PATIENT_SECONDS ? "blocking" : "warning",
        subject: operation,
        cause: `while it is answered it asks ${server}, and waits for it ${patience}; the release before ${was}`,
        consequence:
          "Where that server is slow or silent each such request holds a worker: soon none is left for other pages, and health checks have healthy tasks killed.",
        remedy:
          "Ask it outside of requests (the ETL worker, a schedule) and keep its answer; at the least with a timeout of a second or two.",
        ...(others.length === 0 ? {} : { evidence: others.slice(0, NAMED) }),
      },
    ];
  });
}

function isAsPatient(before: number | null | undefined, now: number | null): boolean {
  return before === null || (before !== undefined && now !== null && now <= before);
}
