import { createHmac } from "node:crypto";

const DAY = 86_400_000;
const FIRST = Date.UTC(1900, 0, 1) / DAY;
const SPAN = Date.UTC(2101, 0, 1) / DAY - FIRST;
const FEWEST = 30;
const MOST = 365;

/** How many days the dates of all columns move by under a key: between a month and a year, to either side. */
export function shiftDays(key: Buffer): number {
  const number = createHmac("sha256", key).update("shift").digest().readUInt32BE();
  const days = FEWEST + (number % (MOST - FEWEST + 1));
  return number % 2 === 0 ? days : -days;
}

/**
 * Moves a date, or the date of a time, in PostgreSQL's ISO output. What lies outside of 1900 to 2100 stays, as infinity
 * and dates before Christ do: they stand for something. Inside, the ends meet, so that distinct dates stay distinct.
 */
export function shiftedDate(value: string, days: number): string {
  const [, year, month, day, rest] = /^(\d{4})-(\d\d)-(\d\d)(| .*)$/.exec(value) ?? [];
  if (year === undefined || value.endsWith("BC") || Number(year) < 1900 || Number(year) > 2100) return value;
  const number = Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY - FIRST;
  const moved = (((number + days) % SPAN) + SPAN) % SPAN;
  return `${new Date((moved + FIRST) * DAY).toISOString().slice(0, 10)}${rest ?? ""}`;
}
