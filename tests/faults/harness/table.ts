import { DETECTORS } from "./detectors.ts";
import type { FaultClass } from "./fault.ts";
import { detectorsOf, type FaultResult, type FaultResults, type Verdict, verdictOf } from "./results.ts";

const VERDICTS: readonly Verdict[] = ["caught", "missed", "wrong cause", "not shown", "clean", "false alarm"];

/** Faults by class in the order of the catalogue: migrations first, clean releases last. */
function byClass(results: FaultResults): [FaultClass, FaultResult[]][] {
  const groups = Map.groupBy(Object.values(results), ({ fault }) => fault.class);
  const order = (name: FaultClass) => (name === "migrations" ? 0 : name === "clean releases" ? 2 : 1);
  return [...groups]
    .sort(([one], [other]) => order(one) - order(other) || one.localeCompare(other))
    .map(([name, found]) => [name, found.sort((one, other) => compareIds(one.fault.id, other.fault.id))]);
}

/** The table that `npm run faults` prints: a line for each fault below its class, and a sum. */
export function faultTable(results: FaultResults): string[] {
  const rows = byClass(results).flatMap(([name, found]) => [
    [`${name}: ${tally(found)}`],
    ...found.map((result) => [
      `  ${result.fault.id}`,
      result.fault.title,
      `${result.tests.filter(({ passed }) => passed).length}/${result.tests.length}`,
      verdictOf(result),
      detectorsOf(result).join(" "),
      `${secondsOf(result).toFixed(0)} s`,
    ]),
  ]);
  return [...aligned(rows), "", `all: ${tally(Object.values(results))}`];
}

/** The page `docs/faults.md`. */
export function faultPage(results: FaultResults): string {
  const sections = byClass(results).flatMap(([name, found]) => [
    `## ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    "",
    `${tally(found)}.`,
    "",
    "| id | fault | tests | result | named by | what the detector covers |",
    "| -- | ----- | ----- | ------ | -------- | ------------------------ |",
    ...found.map((result) => {
      const { id, title, covers } = result.fault;
      const tests = `${result.tests.filter(({ passed }) => passed).length} of ${result.tests.length}`;
      return `| ${[id, title, tests, verdictOf(result), detectorsOf(result).join(" "), covers].map(cell).join(" | ")} |`;
    }),
    "",
  ]);
  return [
    "# Faults of real deployments",
    "",
    "Generated from the last results of `npm run faults`; `npm run docs:faults` writes it anew.",
    "",
    "Each fault is first seen to break an unguarded twin of production. It is caught where the rehearsal stops the same change",
    "with its cause, in words that are compared, before production. A fault counts by its worst test: siblings, which no detector",
    "was built for, count as much as the fault of the catalogue. Clean releases must pass.",
    "",
    "| class | faults and groups of siblings | tests | caught | missed | wrong cause | twin did not break |",
    "| ----- | ----------------------------- | ----- | ------ | ------ | ----------- | ------------------ |",
    ...byClass(results)
      .filter(([name]) => name !== "clean releases")
      .map(([name, found]) => {
        const count = (verdict: Verdict) => String(found.filter((one) => verdictOf(one) === verdict).length);
        const tests = String(found.reduce((sum, one) => sum + one.tests.length, 0));
        const counts = ["caught", "missed", "wrong cause", "not shown"] as const;
        return `| ${[name, String(found.length), tests, ...counts.map(count)].join(" | ")} |`;
      }),
    "",
    "Detectors:",
    "",
    ...Object.entries(DETECTORS).map(([name, what]) => `- **${name}**: ${what}`),
    "",
    ...sections,
  ]
    .join("\n")
    .trimEnd()
    .concat("\n");
}

function tally(results: readonly FaultResult[]): string {
  const counts = VERDICTS.map(
    (verdict) => [results.filter((one) => verdictOf(one) === verdict).length, verdict] as const,
  );
  return counts.flatMap(([count, verdict]) => (count === 0 ? [] : [`${count} ${verdict}`])).join(", ");
}

function secondsOf({ tests }: FaultResult): number {
  return tests.reduce((sum, { seconds }) => sum + seconds, 0);
}

function compareIds(one: string, other: string): number {
  return one.localeCompare(other, "en", { numeric: true });
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** Columns as wide as their widest cell; a row of one cell is a heading. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.filter((row) => row.length > 1).map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.length === 1
      ? (row[0] ?? "")
      : row
          .map((text, index) => text.padEnd(widths[index] ?? 0))
          .join("  ")
          .trimEnd(),
  );
}
