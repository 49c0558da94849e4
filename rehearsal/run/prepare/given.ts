import { z } from "zod";

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
