import { readFileSync, writeFileSync } from "node:fs";
import type { Check } from "./check.ts";
import { criticalChecks } from "./critical-checks.ts";

const DOCUMENT = "docs/checks.md";

/** The text of `docs/checks.md`: every check with what it looks at, what usually breaks it, what that means, what to do. */
export function checksDocument(): string {
  return [
    "# Critical checks",
    "",
    "Generated from `rehearsal/checks/`; `npm run docs:checks` writes it anew.",
    "",
    "They run side by side after every deployment. A failed one fails `pulumi up` with what was expected and seen; a warning does not. Ids",
    "in the setting `checks.silenced` only warn.",
    "",
    ...criticalChecks.flatMap(section),
    "## own.ID",
    "",
    "A check of the project's own: a command of the setting `checks.own`, run in a container of the release's image with the variables",
    "and secrets of the application. `BASE_URL` is the gateway's address, whose certificate Python, curl, requests and Node trust there.",
    "Exit code 0 passes; what it prints is the evidence.",
    "",
    "## What `checks.etl` prints",
    "",
    "One JSON object. `last_run` is the newest run, or `feeds` a list of `{feed, last_run}`; a run has `status` (`succeeded`, `failed`,",
    "`running`), `started_at` and `finished_at` (ISO 8601), `rows` (a number, or numbers by `loaded`, `updated`, `unchanged`) and `error`.",
    "A run that finished before this release's worker started only warns.",
    "",
  ].join("\n");
}

function section({ id, title, cause, consequence, remedy }: Check): string[] {
  return [
    `## ${id}`,
    "",
    `Holds when ${title}.`,
    "",
    `- **Usual cause of a failure**: ${cause}`,
    `- **Consequence**: ${consequence}`,
    `- **Remedy**: ${remedy}`,
    "",
  ];
}

if (import.meta.main) {
  const text = checksDocument();
  if (!process.argv.includes("--check")) writeFileSync(DOCUMENT, text);
  else if (readFileSync(DOCUMENT, "utf8") !== text) {
    console.error(`${DOCUMENT} is not what rehearsal/checks says; run npm run docs:checks and commit it.`);
    process.exitCode = 1;
  }
}
