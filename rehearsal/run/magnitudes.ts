import type { Finding } from "../finding.ts";

/** More times as much or as little is another unit, and seldom another opinion; port 8000 is a hundred times port 80. */
const TIMES = 100;

/**
 * Numbers that are of another order than before.
 *
 * @param id of the findings
 * @param now by what each is the value of
 * @param when they were as they were before
 */
export function magnitudeFindings(
  id: string,
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
  when = "with the release before",
): Finding[] {
  return Object.entries(before).flatMap(([subject, earlier]): Finding[] => {
    const value = now[subject];
    if (value === undefined || value === 0 || earlier === 0) return [];
    const times = Math.max(value / earlier, earlier / value);
    if (times <= TIMES) return [];
    return [
      {
        id,
        severity: "blocking",
        subject,
        cause: `it is ${value}; ${when} it was ${earlier}: ${Math.round(times)} times as ${value > earlier ? "much" : "little"}`,
        consequence:
          "A number in another unit (milliseconds for seconds, bytes for megabytes) breaks nothing at once: jobs do not come, limits do not hold, or nothing gets through them.",
        remedy: "Mend the value, or name the finding in rehearsal:checks.accepted where it is meant.",
      },
    ];
  });
}
