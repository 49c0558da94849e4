import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { count } from "../../../report/format.ts";
import { attempt } from "../look.ts";
import { readKeys } from "./key-facts.ts";

/** A column that numbers rows, or a sequence that nothing is numbered from yet. */
export interface NumberedKey {
  /** `schema.table.column`, or `sequence schema.name` where no column takes its values. */
  readonly name: string;
  /** `smallint`, `integer`, `bigint`, or another type that holds whole numbers. */
  readonly type: string;
  /** Highest value that column and sequence both hold, or lowest where it counts down. */
  readonly limit: number;
  /** Value where the counting began. */
  readonly start: number;
  /** The next value that the sequence gives; undefined where the application chooses the values. */
  readonly next: number | undefined;
  /** Distance between two values, negative where it counts down. */
  readonly step: number;
  readonly cycles: boolean;
  /** Whether the sequence has never given a value. */
  readonly untouched: boolean;
  /** The value of the column nearest to its end; undefined where there is no row, or finding it took too long. */
  readonly top: number | undefined;
  /** As the planner estimates; below zero where it was never counted. */
  readonly rows: number;
  /** Rows that came in a day, from the times in the table itself; undefined where they do not tell. */
  readonly rowsPerDay: number | undefined;
}

/** Where keys stood at a moment, by name: what growth is told from. */
export interface KeyPositions {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly values: Readonly<Record<string, number>>;
}

const FULL_SHARE = 0.9;
const WARN_SHARE = 0.7;
const FULL_DAYS = 30;
const WARN_DAYS = 180;
/** So few numbers are soon gone, whatever their share. */
const FEW_LEFT = 1000;
/** Rows that a migration brings along have numbers of their own, and the sequence knows nothing of them. */
const SEED_ROWS = 50;
const DAY = 86_400_000;

/** Reads and judges the keys of a database. */
export async function keyHeadroom(client: pg.Client, earlier?: KeyPositions): Promise<Finding[]> {
  const keys = await readKeys(client, (work) => attempt(client, work));
  return keyFindings(keys, earlier);
}

/** Keys that are near their end, and sequences that give numbers which are taken. */
export function keyFindings(keys: readonly NumberedKey[], earlier?: KeyPositions, now = Date.now()): Finding[] {
  return keys.flatMap((key) => [...headroomFindings(key, earlier, now), ...behindFindings(key)]);
}

/** Where the keys stand, for the next rehearsal. */
export function keyPositions(keys: readonly NumberedKey[], now = Date.now()): KeyPositions {
  const values = Object.fromEntries(keys.flatMap((key) => (at(key) === undefined ? [] : [[key.name, at(key)]])));
  return { takenAt: new Date(now).toISOString(), values: values as Record<string, number> };
}

/** The number that is given next, or was given last where the application chooses. */
function at({ next, top, step }: NumberedKey): number | undefined {
  return next ?? (top === undefined ? undefined : top + step);
}

function headroomFindings(key: NumberedKey, earlier: KeyPositions | undefined, now: number): Finding[] {
  const next = at(key);
  // One that begins anew at its end is made for it, where no column has to be unique.
  if (next === undefined || (key.cycles && key.name.startsWith("sequence "))) return [];
  const used = Math.abs(next - key.start);
  const all = Math.abs(key.limit - key.start) + Math.abs(key.step);
  const left = Math.max(0, Math.floor((all - used) / Math.abs(key.step)));
  const share = used / all;
  const perDay = growth(key, next, earlier, now);
  const days = perDay === undefined || perDay <= 0 ? undefined : left / perDay;
  const severity = severityOf(share, left, days, key);
  if (severity === undefined) return [];
  const pace = days === undefined ? "" : `; at ${count(Math.ceil(perDay ?? 0))} a day that is ${inDays(days)}`;
  const limiting = key.type === "bigint" && all < 2 ** 53 ? "its sequence" : key.type;
  return [
    {
      id: "database.key-headroom",
      severity,
      subject: key.name,
      cause:
        `${percent(share)} of its numbers are used: the next is ${next}, the last that ${limiting} holds is ${key.limit}; ` +
        `${count(left)} rows are left${pace}`,
      consequence: "After the last number every insert fails, and nothing but a rewrite of the table helps then.",
      remedy:
        "Change the column, and those that refer to it, to bigint in time (on a large table with a second column that is " +
        "filled in batches); where the sequence alone is the limit, ALTER SEQUENCE … AS bigint NO MAXVALUE.",
    },
  ];
}

function severityOf(
  share: number,
  left: number,
  days: number | undefined,
  { next, rows }: NumberedKey,
): Finding["severity"] | undefined {
  // Numbers that the application chooses need not be dense: one high value is no sign of many rows.
  const most = next === undefined ? "warning" : "blocking";
  if (days !== undefined && days < FULL_DAYS) return most;
  if (share >= FULL_SHARE) {
    // Nothing has come or comes: a list that is complete.
    return days === undefined && rows >= 0 && next === undefined && rows < left ? undefined : most;
  }
  if (left < FEW_LEFT && share >= WARN_SHARE) return most;
  return share >= WARN_SHARE || (days !== undefined && days < WARN_DAYS) ? "warning" : undefined;
}

function growth(key: NumberedKey, next: number, earlier: KeyPositions | undefined, now: number): number | undefined {
  const was = earlier?.values[key.name];
  const days = earlier === undefined ? 0 : (now - Date.parse(earlier.takenAt)) / DAY;
  // Within a day it tells of the rehearsal itself.
  const seen = was === undefined || days < 1 ? undefined : Math.max(0, (next - was) / key.step / days);
  if (seen === undefined) return key.rowsPerDay;
  return Math.max(seen, key.rowsPerDay ?? 0);
}

function behindFindings(key: NumberedKey): Finding[] {
  const { next, top, step, name, rows, untouched, cycles } = key;
  if (next === undefined || top === undefined) return [];
  const behind = step > 0 ? next <= top : next >= top;
  if (!behind) {
    if (!cycles) return [];
    return [
      {
        id: "database.sequence-cycles",
        severity: "warning",
        subject: name,
        cause: "its sequence begins anew at its end (CYCLE)",
        consequence: "From then on inserts fail with numbers that are taken.",
        remedy: "ALTER SEQUENCE … NO CYCLE, and make room for more numbers.",
      },
    ];
  }
  const seed = untouched && rows <= SEED_ROWS && top <= SEED_ROWS;
  return [
    {
      id: "database.sequence-behind",
      severity: seed ? "warning" : "blocking",
      subject: name,
      cause: `its sequence gives ${next} next, and the table holds ${top} already`,
      consequence: "Inserts fail with a duplicate key until the sequence has passed what is there.",
      remedy: "Set it past the data: manage.py sqlsequencereset APP prints the statements (setval).",
    },
  ];
}

function percent(share: number): string {
  // 100 % would say that none is left.
  return `${Math.min(99.99, share * 100).toFixed(share > 0.99 ? 2 : 0)} %`;
}

function inDays(days: number): string {
  return days < 1 ? "less than a day" : `${count(Math.floor(days))} days`;
}
