/**
 * What the checks of a deployment ask for on purpose, to see that it is refused: hosts below the name that nobody can have
 * (RFC 2606), and pages that cannot be there. An application logs each of them, which says nothing of the release.
 */
const PROBES = [/\b[\w-]+\.invalid\b/, /\/there-is-no-such-page-/];

/** Whether an entry of a log is about a request that a check made to be refused. */
export function isProbe(message: string): boolean {
  return PROBES.some((probe) => probe.test(message));
}
