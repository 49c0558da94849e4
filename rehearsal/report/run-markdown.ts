import type { Finding } from "../finding.ts";
import { countFindings, sortedFindings } from "./finding-lines.ts";
import { count, counted, duration, moment } from "./format.ts";
import { printable } from "./html.ts";
import { decisionPoints, type RunReport, runHeadline } from "./run-decision.ts";

/** A comment on a pull request has room for 65,536 characters; each finding's evidence is in the page. */
const SHOWN_FINDINGS = 40;
const LONGEST_TEXT = 500;

/** A run as Markdown for a pull request. */
export function runMarkdown(report: RunReport): string {
  const { result, comparison } = report;
  const { subject } = result;
  const found = sortedFindings(result.steps.flatMap((step) => step.findings));
  const points = decisionPoints(report);
  const git = subject?.git;
  return [
    `## ${result.verdict === "pass" ? "✅" : "⛔"} ${text(runHeadline(result))}`,
    "",
    `Rehearsed in ${text(result.environment)}, ${moment(result.startedAt)}, in ${duration(result.seconds)}: ${countFindings(found)}.`,
    ...(points.length > 0 ? ["", "**To decide**", "", ...points.map((point) => `- ${text(point)}`)] : []),
    "",
    "| | Step | Time | Before | Seen |",
    "| --- | --- | ---: | ---: | --- |",
    ...result.steps.map(({ status, title, seconds, detail }) => {
      const earlier = comparison?.steps.find(({ name }) => name === title)?.before;
      const before = earlier === null || earlier === undefined ? "" : duration(earlier);
      const mark = { passed: "✓", failed: "✗", skipped: "–" }[status];
      return `| ${mark} | ${text(title)} | ${status === "skipped" ? "" : duration(seconds)} | ${before} | ${text(detail)} |`;
    }),
    ...found.slice(0, SHOWN_FINDINGS).flatMap(findingWords),
    ...(found.length > SHOWN_FINDINGS
      ? ["", `And ${counted(found.length - SHOWN_FINDINGS, "more finding")}, in the page.`]
      : []),
    ...(comparison === undefined
      ? []
      : [
          "",
          `Compared with release ${text(comparison.before.release)}: ${counted(comparison.appeared.length, "finding")} new, ` +
            `${count(comparison.gone.length)} gone${migrationWords(comparison.migrations)}.`,
        ]),
    ...(subject === undefined
      ? []
      : [
          "",
          "<details><summary>What was rehearsed</summary>",
          "",
          `- Commit ${git === null || git === undefined ? "none" : `\`${git.commit}\`${git.changed ? " with changes" : ""}`}, by ${text(subject.by.user)} on ${text(subject.by.host)}`,
          `- Snapshot ${subject.snapshot ?? "none"}, ${counted(subject.migrations.length, "migration")} applied`,
          `- Shared settings \`${subject.settings.shared}\`, the environment's own \`${subject.settings.environment}\``,
          ...Object.values(subject.images).map((reference) => `- \`${reference.replaceAll("`", "")}\``),
          "",
          "</details>",
        ]),
    "",
  ].join("\n");
}

function migrationWords(migrations: readonly string[] | undefined): string {
  if (migrations === undefined || migrations.length === 0) return "";
  return `, new migrations ${migrations.map(text).join(", ")}`;
}

function findingWords({ severity, migration, subject, id, cause, consequence, remedy }: Finding): string[] {
  const mark = { blocking: "⛔", warning: "⚠️", note: "ℹ️" }[severity];
  return [
    "",
    `### ${mark} ${severity}: ${text(migration === undefined ? subject : `${migration}: ${subject}`)}`,
    "",
    `- **Cause** ${text(cause)}`,
    `- **Consequence** ${text(consequence)}`,
    `- **Remedy** ${text(remedy)}`,
    `- \`${id}\``,
  ];
}

/** Text that means itself in Markdown: on one line, without markup, mentions, or links to issues. */
function text(words: string): string {
  const line = printable(words).replaceAll(/\s+/g, " ").trim();
  const short = line.length > LONGEST_TEXT ? `${line.slice(0, LONGEST_TEXT - 1)}…` : line;
  return short
    .replaceAll(/[\\`*_{}[\]<>#|~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("@", "@\u200b");
}
