import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** What `pip check` says, in an image that has no pip. */
export const imageRequirements: Check = {
  id: "image.requirements",
  title: "every installed Python package has what it requires, in a version that suits",
  cause: "Requirements that were installed without being resolved together, or changed by hand.",
  consequence: "A package fails when it uses what is missing or has changed.",
  remedy: "Compile the requirements anew (uv export or pip-compile), and build the release again.",
  run: async (environment) => {
    const { problems } = await inspection(environment, "requirements");
    return problems.map((seen) => ({ expected: "requirements that are met", seen }));
  },
};
