import type { Finding } from "../../finding.ts";
import type { CodeAnswer, CodeOperation } from "../../migration/outgoing-code.ts";
import { counted } from "../../report/format.ts";
import { OF_SURROUNDINGS } from "./judge.ts";

const QUOTED = 3;
const GONE_FOR_GOOD = /^status 410$/;

/** A field whose values two releases give otherwise. */
interface Difference {
  readonly path: string;
  readonly page: boolean;
  readonly field: string;
  readonly before: CodeAnswer["values"][string];
  readonly now: CodeAnswer["values"][string];
}

/**
 * Fields and columns in which two releases answer otherwise to the same request on the same data. New fields are none, and
 * those that are gone are told of where pages are compared.
 */
export function differingAnswers(before: readonly CodeAnswer[], now: readonly CodeAnswer[]): Difference[] {
  return before.flatMap(({ path, page, values }) => {
    const answered = now.find((answer) => answer.path === path);
    if (answered === undefined) return [];
    return Object.entries(values).flatMap(([field, earlier]) => {
      const found = answered.values[field] ?? emptyListAround(field, answered.values);
      return found === undefined || found.digest === earlier.digest
        ? []
        : [{ path, page, field, before: earlier, now: found }];
    });
  });
}

/** The list without entries that the field would be in. */
function emptyListAround(field: string, values: CodeAnswer["values"]): CodeAnswer["values"][string] | undefined {
  return Object.entries(values).find(([name, { count }]) => count === 0 && field.startsWith(`${name}.`))?.[1];
}

/**
 * One finding for each answer: the fields in it usually differ for one reason. What programs read changes for all of them at
 * once and asks for a decision; a page may say the same in other words. Text where numbers were, and nothing where values
 * were, is nobody's intention.
 */
export function answerFindings(differences: readonly Difference[], release: string): Finding[] {
  return [...Map.groupBy(differences, ({ path }) => path)].flatMap(([path, of]) => {
    const empty = of.filter(({ before, now }) => before.filled > 0 && now.filled === 0);
    const text = of.filter(({ before, now }) => now.filled > 0 && before.numeric && !now.numeric);
    const others = of.filter((difference) => !text.includes(difference) && !empty.includes(difference));
    const about = (some: readonly Difference[]) => ({ subject: path, evidence: some.slice(0, QUOTED).flatMap(quoted) });
    const findings: Finding[] = [];
    if (empty.length > 0) {
      findings.push({
        ...about(empty),
        id: "code.answer-empty",
        severity: "blocking",
        cause: `on the same data ${named(empty)} holds nothing, where release ${release} shows what is there`,
        consequence: "Visitors and programs see an empty place where data is, and no error says so.",
        remedy: "Look at the query, and at the names that the view gives and the template or serializer takes.",
      });
    }
    if (text.length > 0) {
      findings.push({
        ...about(text),
        id: "code.answer-type",
        severity: "blocking",
        cause: `on the same data ${named(text)} holds text, where release ${release} has numbers`,
        consequence: "Whoever computes with the values cannot any more: sums are wrong, or programs fail.",
        remedy: "Look at what changed in how the values are written: a format, an escape, a unit.",
      });
    }
    if (others.length > 0) {
      findings.push({
        ...about(others),
        id: others.some(({ page }) => page) ? "code.page" : "code.answer",
        severity: others.some(({ page }) => page) ? "warning" : "blocking",
        cause: `on the same data, asked at the same time, it answers otherwise than release ${release} in ${named(others)}`,
        consequence:
          "Users get other rows or figures than before, or rows that are not for them, and no error says so.",
        remedy:
          "Look at the query, the filter, the serializer; where this is what the release is for, say so in rehearsal:checks.accepted.",
      });
    }
    return findings;
  });
}

/**
 * Data that the release keeps in its processes, where the release before read it each time. What is kept in a cache of
 * Django's does not count: it is read anew some time.
 */
export function keptFindings(before: readonly CodeAnswer[], now: readonly CodeAnswer[], release: string): Finding[] {
  const earlier = new Map(before.map(({ path, kept }) => [path, kept]));
  const keeping = now.filter(({ path, kept = 0 }) => kept > (earlier.get(path) ?? Number.POSITIVE_INFINITY));
  const [first] = keeping;
  if (first === undefined) return [];
  return [
    {
      id: "code.kept",
      severity: "blocking",
      subject: first.path,
      cause: `a process takes ${counted(first.kept ?? 0, "SQL statement")} for it the first time and never again; release ${release} took them each time`,
      consequence:
        "Each process shows what was there when it started: what is changed or loaded later is not seen until it restarts.",
      remedy:
        "Look for functools.cache, lru_cache or a module's variable around a query; use Django's cache, with a time after which it is read anew.",
      evidence: keeping.map(({ path, kept = 0 }) => `${path}: ${counted(kept, "statement")}`),
    },
  ];
}

/** What one release answers and the other was not asked for, or does not answer. */
export function pathsWithoutAnswer(before: readonly CodeAnswer[], now: readonly CodeAnswer[]): string[] {
  const answered = new Set(now.map(({ path }) => path));
  return before.map(({ path }) => path).filter((path) => !answered.has(path));
}

/**
 * Addresses at which the release before has a page for the same row: they were sent in mails and stand in bookmarks.
 *
 * @param asked what came of asking this release for them
 */
export function goneFindings(asked: readonly CodeOperation[], release: string): Finding[] {
  return asked.flatMap(({ operation, error }): Finding[] =>
    // In the container that is asked, nothing of what is around an application is there.
    error === null || GONE_FOR_GOOD.test(error) || OF_SURROUNDINGS.test(error)
      ? []
      : [
          {
            id: "code.address-gone",
            severity: "blocking",
            subject: operation,
            cause: `release ${release} answers it on the same data; this one: ${error}`,
            consequence: "Whoever has the address, from a mail, a bookmark or another system, reaches nothing.",
            remedy: "Redirect the old address to the new one; where it is meant to be gone for good, answer 410.",
          },
        ],
  );
}

function named(some: readonly Difference[]): string {
  const names = some.slice(0, QUOTED).map(({ field }) => field);
  return `${names.join(", ")}${some.length > QUOTED ? ` and ${counted(some.length - QUOTED, "other field")}` : ""}`;
}

function quoted({ field, before, now }: Difference): string[] {
  return [
    `${field} before: ${counted(before.count, "value")}, ${before.sample.join(", ")}`,
    `${field} now: ${counted(now.count, "value")}, ${now.sample.join(", ")}`,
  ];
}
