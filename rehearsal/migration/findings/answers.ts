import type { AnsweredValues, CodeAnswer } from "../outgoing-code.ts";
import type { Finding, PlannedMigration } from "../result.ts";

const QUOTED = 5;

/**
 * What the running release's pages and answers showed before the migrations and do not show any more: the same code finds
 * nothing where it found something, and no error says so. What is still shown in another answer is no loss.
 *
 * @param plan the migrations, of which one alone is to blame
 */
export function emptiedFindings(
  before: readonly CodeAnswer[],
  after: readonly CodeAnswer[],
  plan: readonly PlannedMigration[],
): Finding[] {
  const answered = new Set(after.map(({ path }) => path));
  const still = new Set(fieldsOf(after).map(({ field }) => columnOf(field)));
  const lost = fieldsOf(before).filter(({ path, field }) => answered.has(path) && !still.has(columnOf(field)));
  if (lost.length === 0) return [];
  const [first] = lost;
  const [only] = plan.length === 1 ? plan : [];
  return [
    {
      id: "old-code.shows-nothing",
      severity: "blocking",
      ...(only === undefined ? {} : { migration: only.migration }),
      subject: `GET ${first?.path ?? ""}`,
      cause: `the release that runs shows nothing after the migrations where it showed values: ${first?.field ?? ""}`,
      consequence: "It does not find what it looks for any more: visitors see an empty place, and no error says so.",
      remedy:
        "Look at the values that the migration changes and at the queries that compare with them: change both in steps that the running release can live with.",
      evidence: lost
        .slice(0, QUOTED)
        .map(
          ({ path, field, values }) =>
            `GET ${path}: ${field}: ${values.filled} before, such as ${values.sample[0] ?? ""}`,
        ),
    },
  ];
}

/** Without what the table is called: that may be a name out of the data. */
function columnOf(field: string): string {
  return field.replace(/^(?:"[^"]*"|the page), /, "");
}

function fieldsOf(answers: readonly CodeAnswer[]): { path: string; field: string; values: AnsweredValues }[] {
  return answers.flatMap(({ path, values }) =>
    Object.entries(values)
      .filter(([, { filled }]) => filled > 0)
      .map(([field, found]) => ({ path, field, values: found })),
  );
}
