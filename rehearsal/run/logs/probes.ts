import type { LogEntry } from "./entries.ts";

/**
 * What the checks of a deployment ask for on purpose, to see that it is refused: hosts below the name that nobody can have
 * (RFC 2606), and pages that cannot be there. An application logs each of them, which says nothing of the release.
 */
const REQUESTS = [/\b[\w-]+\.invalid\b/, /\/there-is-no-such-page-/];
/** How connections of a run are named: what it asks the database for, it may ask for to see that it is refused. */
export const RUN_APPLICATION = "rehearse";
/** `role@database application` precede the level. */
const OWN_STATEMENT = new RegExp(`\\] [^\\s@]+@\\S+ ${RUN_APPLICATION} [A-Z]+:`);

/** Whether an entry of a log is about something that a check or a step of a rehearsal did to see it refused. */
export function isProbe({ message, sample }: Pick<LogEntry, "message" | "sample">): boolean {
  return REQUESTS.some((probe) => probe.test(message)) || OWN_STATEMENT.test(sample.split("\n", 1)[0] ?? "");
}
