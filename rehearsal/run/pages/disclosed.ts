import type { Followed } from "../../checks/followed-links.ts";
import type { Finding } from "../../finding.ts";
import type { KnownSecret } from "../logs/disclosed.ts";

/** Secrets of the environment that stand in what a page or the API answers. */
export function disclosedFindings(met: readonly Followed[], secrets: readonly KnownSecret[]): Finding[] {
  return met.flatMap(({ path, answer }) =>
    secrets
      .filter(({ value }) => answer?.body.includes(value) === true)
      .map(({ name }) => ({
        id: "pages.secret",
        severity: "blocking" as const,
        subject: `${path}: ${name}`,
        cause: "the answer holds the value of this secret",
        consequence: "Whoever opens the page has it, and so have caches and search engines.",
        remedy: "Take it out of what the page shows, then make a new secret: the old one is known.",
      })),
  );
}
