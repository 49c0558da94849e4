import { z } from "zod";
import type { Finding } from "../../finding.ts";

export const GIVEN = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  /** By process and name of the variable, such as `worker: INTERVAL_SECONDS`. */
  numbers: z.record(z.string(), z.number()),
  /** Names under which visitors reach it. */
  hostnames: z.array(z.string()).optional(),
  /** Room for what they send, in MiB. */
  maxBodyMiB: z.number().optional(),
  /** Requests that the application's tasks serve at a time. */
  atOnce: z.number().optional(),
});

/** What a release was given, for those after it. */
export type Given = z.infer<typeof GIVEN>;

/** What is given now is held against what was given then. */
export const WHEN = "when this was last rehearsed";

const NUMBER = /^\d+(?:\.\d+)?$/;
/** The release's own name may consist of digits. */
const NAMES_RELEASE = "RELEASE";

/** The numbers among the variables that processes are given. */
export function numbersOf(
  processes: Readonly<Record<string, Readonly<Record<string, string>> | undefined>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(processes).flatMap(([process, variables = {}]) =>
      Object.entries(variables)
        .filter(([name, value]) => name !== NAMES_RELEASE && NUMBER.test(value))
        .map(([name, value]) => [`${process}: ${name}`, Number(value)]),
    ),
  );
}

/** What the release before gave its visitors, and this one's settings take away: everything that they still name works. */
export function narrowedFindings(now: Given, before: Given | undefined): Finding[] {
  const gone = (before?.hostnames ?? []).filter((name) => now.hostnames?.includes(name) === false);
  const [room, earlier] = [now.maxBodyMiB ?? Number.POSITIVE_INFINITY, before?.maxBodyMiB ?? 0];
  const [served, most] = [now.atOnce ?? Number.POSITIVE_INFINITY, before?.atOnce ?? 0];
  return [
    ...gone.map(
      (name): Finding => ({
        id: "prepare.hostname-gone",
        severity: "blocking",
        subject: name,
        cause: `gateway.hostnames does not name it any more; ${WHEN} it did`,
        consequence:
          "Whoever has the name in a bookmark, a search result or a program gets no connection, not even a redirect.",
        remedy: GIVE_BACK,
      }),
    ),
    ...(room < earlier
      ? [
          {
            id: "prepare.room-narrowed",
            severity: "blocking" as const,
            subject: "gateway.maxBodyMiB",
            cause: `it is ${room}; ${WHEN} it was ${earlier}`,
            consequence: `Uploads of more than ${room} MiB, which were taken before, are refused by the gateway with 413.`,
            remedy: GIVE_BACK,
          },
        ]
      : []),
    ...(served <= most / 2
      ? [
          {
            id: "prepare.capacity",
            severity: "blocking" as const,
            subject: "application",
            cause: `its tasks serve ${served} requests at a time; ${WHEN} it was ${most}`,
            consequence:
              "A few downloads over slow lines, or one slow page, take all of them, and everybody else waits, health checks too.",
            remedy:
              "Look at the server's workers and threads, and at app.replicas. Where it is meant, name the finding in rehearsal:checks.accepted.",
          },
        ]
      : []),
  ];
}

const GIVE_BACK = "Put it back, or name the finding in rehearsal:checks.accepted where it is meant.";
