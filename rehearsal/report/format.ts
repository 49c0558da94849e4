import type { MigrationRun } from "../migration/result.ts";

/** Seconds as a person says them: `0.4 ms`, `12 ms`, `1.24 s`, `2 min 5 s`. */
export function duration(seconds: number): string {
  if (seconds <= 0) return "0 s";
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Bytes with a unit of 1000: `0 B`, `8.2 kB`, `1.35 GB`. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = Math.abs(count);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${count < 0 ? "−" : ""}${value.toFixed(digits)} ${units[unit] ?? ""}`;
}

/** A change in bytes, with its sign. */
export function byteChange(count: number): string {
  return count > 0 ? `+${bytes(count)}` : bytes(count);
}

/** A number with its thousands marked. */
export function count(value: number): string {
  return value.toLocaleString("en");
}

/** A number and what is counted; `plural` where an s does not make it. */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

/** An ISO 8601 time to the minute, in UTC: a report is read on machines of many zones. */
export function moment(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** How long a run took, from its first migration's start to its last one's end, in seconds. */
export function runSeconds(run: readonly MigrationRun[]): number {
  return run.reduce((latest, { start, seconds }) => Math.max(latest, start + seconds), 0);
}

/** One line of at most so many characters; the end of a longer one is left out. */
export function shortened(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length - 1).trimEnd()}…` : line;
}
