import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { LONGEST_ROTATION, type RegressionCalendar, WEEKDAYS } from "../run/calendar.ts";

const FILE = "rehearsal-calendar.ts";

const ENTRY = z.union([
  z.strictObject({ on: z.array(z.enum(WEEKDAYS)).min(1), evidenceWithout: z.boolean().exactOptional() }),
  z
    .strictObject({
      every: z.int().min(1).max(LONGEST_ROTATION),
      day: z.int().min(1),
      evidenceWithout: z.boolean().exactOptional(),
    })
    .refine(({ every, day }) => day <= every),
]);
const ENTRY_RULE =
  `{ on: [days of the week, such as "monday"] } or { every: 1 to ${LONGEST_ROTATION}, day: 1 to every }, ` +
  "with evidenceWithout: true where evidence may be made without it";

/**
 * The regression calendar of the project, `rehearsal-calendar.ts` beside Pulumi.yaml; without that file everything runs
 * always.
 *
 * @param known parts that it may name: ids of steps, and `step:selection`
 * @throws Error with every fault of the file
 */
export async function regressionCalendar(known: readonly string[]): Promise<RegressionCalendar> {
  if (!existsSync(FILE)) return { parts: {} };
  let found: unknown;
  try {
    const module = (await import(pathToFileURL(path.resolve(FILE)).href)) as { default?: unknown };
    found = module.default;
  } catch (error) {
    throw new Error(`${FILE} must be TypeScript that can be loaded; found ${String(error)}. Mend it or delete it.`);
  }
  return checkedCalendar(found, known);
}

/** @throws Error with everything that is wrong */
export function checkedCalendar(found: unknown, known: readonly string[]): RegressionCalendar {
  const calendar = z
    .strictObject({ timeZone: z.string().optional(), parts: z.record(z.string(), z.unknown()) })
    .safeParse(found);
  if (!calendar.success) {
    throw new Error(
      `${FILE} must export by default { parts: { … } } and, if wanted, timeZone; found ${found === undefined ? "no default export" : JSON.stringify(found)}. ` +
        "docs/evidence.md has an example.",
    );
  }
  const { timeZone, parts } = calendar.data;
  const faults = [
    ...(timeZone === undefined || isTimeZone(timeZone)
      ? []
      : [`timeZone must be a name such as Europe/Berlin; found ${JSON.stringify(timeZone)}.`]),
    ...Object.entries(parts).flatMap(([part, entry]) => [
      ...(known.includes(part) ? [] : [`parts must be of ${known.join(", ")}; found ${JSON.stringify(part)}.`]),
      ...(ENTRY.safeParse(entry).success
        ? []
        : [`parts[${JSON.stringify(part)}] must be ${ENTRY_RULE}; found ${JSON.stringify(entry)}.`]),
    ]),
  ];
  if (faults.length > 0) throw new Error([`${FILE} is wrong:`, ...faults.map((fault) => `  ${fault}`)].join("\n"));
  return found as RegressionCalendar;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
