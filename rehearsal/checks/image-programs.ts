import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** A program that is called on a rare path fails when somebody comes by, weeks after the release. */
export const imagePrograms: Check = {
  id: "image.programs",
  title: "every program that the project's code starts is in the release's image",
  cause: "A system package that the image lacks, or that was installed on developers' machines alone.",
  consequence: "The view or job that needs the program fails with FileNotFoundError.",
  remedy:
    "Install the program's package in the Dockerfile; name a module that is for development alone in checks.skippedModules.",
  run: async (environment) =>
    (await inspection(environment, "programs")).map(({ where, program, command }) => ({
      expected: `${program} in the image, which ${where} starts`,
      seen: "there is none on PATH",
      // Some commands are for developers' machines.
      ...(command ? { warning: true as const } : {}),
    })),
};
