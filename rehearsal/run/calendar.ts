import type { LeftOut } from "./run-result.ts";

export const WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;

/** On which days a part runs: on days of the week, or on one day of a rotation of so many days (the first is 1). */
type Days = { readonly on: readonly (typeof WEEKDAYS)[number][] } | { readonly every: number; readonly day: number };

/** When a part runs, and whether evidence may be made on the other days. */
export type CalendarEntry = Days & {
  /** Whether a release may have evidence without this part. Without it: no. */
  readonly evidenceWithout?: boolean;
};

/** Which parts of the rehearsal run on which days; what is not named always runs. */
export interface RegressionCalendar {
  /** IANA name of the zone whose days count; UTC without it. */
  readonly timeZone?: string;
  /** By id of a step, or `step:selection` for a selection of its tests. */
  readonly parts: Readonly<Record<string, CalendarEntry>>;
}

const DAY = 86_400_000;
/** No part may rest longer, so that the search for its next day ends. */
export const LONGEST_ROTATION = 366;

/**
 * What the calendar leaves out today.
 *
 * @param titles of the parts, by their ids
 */
export function leftOutByCalendar(
  { timeZone = "UTC", parts }: RegressionCalendar,
  titles: ReadonlyMap<string, string>,
  now: Date,
): LeftOut[] {
  const today = dayNumber(now, timeZone);
  return Object.entries(parts)
    .filter(([, entry]) => !runsOn(entry, today))
    .map(([part, entry]) => ({
      part,
      title: titles.get(part) ?? part,
      reason: "calendar",
      next: isoDay(nextDay(entry, today)),
      required: entry.evidenceWithout !== true,
    }));
}

/** Days since 1 January 1970 of a moment in a zone. */
function dayNumber(now: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  return Date.parse(`${parts.format(now)}T00:00:00Z`) / DAY;
}

function runsOn(entry: CalendarEntry, day: number): boolean {
  // 1 January 1970 was a Thursday.
  if ("on" in entry) return entry.on.some((name) => WEEKDAYS.indexOf(name) === (day + 4) % 7);
  return day % entry.every === entry.day - 1;
}

function nextDay(entry: CalendarEntry, today: number): number {
  for (let day = today + 1; day <= today + LONGEST_ROTATION; day++) if (runsOn(entry, day)) return day;
  throw new Error(`a part must run on one of ${LONGEST_ROTATION} days; found none`);
}

function isoDay(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10);
}
