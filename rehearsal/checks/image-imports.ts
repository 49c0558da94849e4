import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** An import that only a rare path runs fails when somebody comes by, weeks after the release. */
export const imageImports: Check = {
  id: "image.imports",
  title: "every module of the project can be imported in the release's image, with what its functions import",
  cause: "A dependency that is missing or changed, a system library that the image lacks, another version of Python.",
  consequence: "The view, command or job that needs the module fails.",
  remedy:
    "Add or pin the dependency, or the system package that the error names; name a module that is for development alone in checks.skippedModules.",
  run: async (environment) => {
    const { failed, left, modules } = await inspection(environment, "imports");
    return [
      ...failed.map(({ where, error }) => ({ expected: `${where}: an import that works`, seen: error })),
      ...(left === 0
        ? []
        : [{ expected: `time for ${modules + left} modules`, seen: `${left} were left out`, warning: true as const }]),
    ];
  },
};
