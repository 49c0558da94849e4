import type { Finding } from "../../finding.ts";
import type { CodeAnswer } from "../../migration/outgoing-code.ts";
import { counted } from "../../report/format.ts";

const QUOTED = 3;

/** A field whose values two releases give otherwise. */
interface Difference {
  readonly path: string;
  readonly field: string;
  readonly before: CodeAnswer["values"][string];
  readonly now: CodeAnswer["values"][string];
}

/**
 * Fields and columns in which two releases answer otherwise to the same request on the same data. New fields are none, and
 * those that are gone are told of where pages are compared.
 */
export function differingAnswers(before: readonly CodeAnswer[], now: readonly CodeAnswer[]): Difference[] {
  return before.flatMap(({ path, values }) => {
    const answered = now.find((answer) => answer.path === path);
    if (answered === undefined) return [];
    return Object.entries(values).flatMap(([field, earlier]) => {
      const found = answered.values[field];
      return found === undefined || found.digest === earlier.digest
        ? []
        : [{ path, field, before: earlier, now: found }];
    });
  });
}

/** One finding for each answer: the fields in it usually differ for one reason. */
export function answerFindings(differences: readonly Difference[], release: string): Finding[] {
  return [...Map.groupBy(differences, ({ path }) => path)].map(([path, of]) => ({
    id: "code.answer",
    severity: "blocking",
    subject: path,
    cause:
      `on the same data, asked at the same time, it answers otherwise than release ${release} in ` +
      `${of
        .slice(0, QUOTED)
        .map(({ field }) => field)
        .join(", ")}${of.length > QUOTED ? ` and ${counted(of.length - QUOTED, "other field")}` : ""}`,
    consequence:
      "Who reads or computes with these values gets others, and no error says so: rows that were not shown, other figures.",
    remedy:
      "Look at what changed in the query, the filter or the serializer; where it is meant, accept the finding (checks.accepted).",
    evidence: of
      .slice(0, QUOTED)
      .flatMap(({ field, before, now }) => [
        `${field} before: ${counted(before.count, "value")}, ${before.sample.join(", ")}`,
        `${field} now: ${counted(now.count, "value")}, ${now.sample.join(", ")}`,
      ]),
  }));
}
