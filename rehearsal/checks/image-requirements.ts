import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** What `pip check` says, in an image that has no pip, and whether compiled modules find the libraries that they are linked with. */
export const imageRequirements: Check = {
  id: "image.requirements",
  title: "every installed Python package has what it requires, in a version that suits, and can be loaded",
  cause:
    "Requirements that were installed without being resolved together, or changed by hand; a system library that the image lacks.",
  consequence: "A package fails when it uses what is missing or has changed.",
  remedy:
    "Compile the requirements anew (uv export or pip-compile), add the system package that the error names, and build the release again.",
  run: async (environment) => {
    const { problems } = await inspection(environment, "requirements");
    return problems.map((seen) => ({ expected: "packages that are complete and have what they require", seen }));
  },
};
