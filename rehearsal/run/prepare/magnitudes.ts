import { z } from "zod";
import type { Finding } from "../../finding.ts";

export const GIVEN = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  /** By process and name of the variable, such as `worker: INTERVAL_SECONDS`. */
  numbers: z.record(z.string(), z.number()),
});

/** Numbers that a release was given, for those after it. */
export type Given = z.infer<typeof GIVEN>;

/** More times as much or as little is another unit, and seldom another opinion; port 8000 is a hundred times port 80. */
const TIMES = 100;
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

/** Numbers that are of another order than with the release before. */
export function magnitudeFindings(
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Finding[] {
  return Object.entries(before).flatMap(([subject, earlier]): Finding[] => {
    const value = now[subject];
    if (value === undefined || value === 0 || earlier === 0) return [];
    const times = Math.max(value / earlier, earlier / value);
    if (times <= TIMES) return [];
    return [
      {
        id: "prepare.variable-magnitude",
        severity: "blocking",
        subject,
        cause: `it is ${value}; with the release before it was ${earlier}: ${Math.round(times)} times as ${value > earlier ? "much" : "little"}`,
        consequence:
          "A number in another unit (milliseconds for seconds, bytes for megabytes) breaks nothing at once: jobs do not come, limits do not hold, or nothing gets through them.",
        remedy: "Mend the value, or name the finding in rehearsal:checks.accepted where it is meant.",
      },
    ];
  });
}
