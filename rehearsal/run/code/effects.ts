import type { Finding } from "../../finding.ts";
import type { CodeEffects } from "../../migration/outgoing-code.ts";
import { counted } from "../../report/format.ts";
import { OF_SURROUNDINGS } from "./judge.ts";

const QUOTED = 5;

/**
 * Changes of rows that pages showed with the release before and do not show any more: pages that say the same until then, or
 * all of one kind, for people or for programs. A page that says something else with this release may have lost its place for
 * them.
 *
 * @param before what the release before makes of the same data
 */
export function effectFindings(before: CodeEffects, now: CodeEffects, release: string): Finding[] {
  const today = new Map(now.effects.map((effect) => [effect.operation, effect]));
  const worked = before.effects.filter(({ error }) => error === undefined);
  const found = worked.flatMap(({ operation, pages }) => {
    const { pages: shown, error } = today.get(operation) ?? {};
    if (shown === undefined || error !== undefined) return [];
    const silent = pages.filter((path) => !shown.includes(path));
    const kind = (path: string) => before.pages[path]?.split(":")[0];
    const telling = silent.filter(
      (path) => now.pages[path] === before.pages[path] || !shown.some((other) => kind(other) === kind(path)),
    );
    return telling.length === 0 ? [] : [{ operation, pages: telling }];
  });
  const failing = worked.flatMap(({ operation }) => {
    const error = today.get(operation)?.error;
    return error === undefined || OF_SURROUNDINGS.test(error) ? [] : [failingFinding(operation, error, release)];
  });
  // What the same pages keep back usually has one reason.
  const silent = [...Map.groupBy(found, ({ pages }) => pages.join())].map(([, alike]): Finding => {
    const [{ operation, pages } = { operation: "", pages: [] }] = alike;
    return {
      id: "code.effect",
      severity: "blocking",
      subject: operation,
      cause: `it succeeds, and ${counted(pages.length, "page")} that said something else after it with release ${release} ${pages.length === 1 ? "does" : "do"} not: ${pages.slice(0, QUOTED).join(", ")}`,
      consequence: "What editors or jobs change does not reach visitors, and no error says so.",
      remedy:
        "Look at what the pages are made from, and whether all ways of saving bring it up to date: QuerySet.update() and bulk methods call neither save() nor signals, and a materialized view is as old as its last refresh.",
      evidence: alike.map((change) => `${change.operation}: ${change.pages.slice(0, QUOTED).join(", ")}`),
    };
  });
  return [...failing, ...silent];
}

function failingFinding(operation: string, error: string, release: string): Finding {
  return {
    id: "code.effect",
    severity: "blocking",
    subject: operation,
    cause: `it fails, and succeeded with release ${release} on the same rows: ${error}`,
    consequence: "Editors and jobs that do this see an error, and what they wanted is not done.",
    remedy: "Mend the code at the place that is named.",
  };
}
