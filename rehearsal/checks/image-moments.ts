import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** What was today when a module was imported is yesterday soon: no test runs for so long. */
export const imageMoments: Check = {
  id: "image.moments",
  title: "no field or default of the project's code has kept the day on which it was imported",
  cause:
    "A call such as timezone.now() or date.today() in a validator, a default or a parameter, in place of the function.",
  consequence: "Right until midnight; then forms refuse today, or rows carry the day on which the process started.",
  remedy: "Give the function itself (default=timezone.now), or ask for the moment where the value is used.",
  run: async (environment) =>
    (await inspection(environment, "moments")).map((where) => ({
      expected: "a moment that is asked for when it is used",
      seen: `${where} holds that of the import`,
    })),
};
