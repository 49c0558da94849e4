const UNIT_NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const UNIT = "ns|us|µs|μs|ms|s|m|h";
const DURATION = new RegExp(
  `^(?:0|(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:${UNIT})(?:(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:${UNIT}))*)$`,
);

/** Nanoseconds of a duration as Go writes it ("1s500ms", "1.5h", "0"); undefined when it is not one, or is negative. */
export function parseDuration(value: string): number | undefined {
  if (!DURATION.test(value)) return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(new RegExp(`(\\d+(?:\\.\\d*)?|\\.\\d+)(${UNIT})`, "g"))) {
    total += Number(amount) * (UNIT_NANOSECONDS[unit ?? ""] ?? 0);
  }
  return Math.round(total);
}

/** Nanoseconds of a duration that has passed the check of its property; undefined stays undefined. */
export function nanoseconds(value: string): number;
export function nanoseconds(value: string | undefined): number | undefined;
export function nanoseconds(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const parsed = parseDuration(value);
  if (parsed !== undefined) return parsed;
  throw new Error(`"${value}" is not a duration. Write numbers with units, for example "1m30s", "500ms" or "0s"`);
}

/** A duration as the official plugin writes it back: "1m30s", "500ms", "2h", "0s". */
export function formatDuration(value: number): string {
  if (value === 0) return "0s";
  if (value < 1e3) return `${value}ns`;
  if (value < 1e6) return `${value / 1e3}µs`;
  if (value < 1e9) return `${value / 1e6}ms`;
  const hours = Math.floor(value / 3600e9);
  const minutes = Math.floor((value % 3600e9) / 60e9);
  const seconds = (value % 60e9) / 1e9;
  return [hours > 0 ? `${hours}h` : "", minutes > 0 ? `${minutes}m` : "", seconds > 0 ? `${seconds}s` : ""].join("");
}
