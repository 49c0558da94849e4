import type { Finding } from "../finding.ts";
import type { Compared, RunComparison } from "../run/comparison.ts";
import type { RunResult, RunSubject } from "../run/run-result.ts";
import { countFindings, sortedFindings } from "./finding-lines.ts";
import { count, counted, duration, moment } from "./format.ts";
import { type Html, html } from "./html.ts";
import { page } from "./page.ts";
import { findings, sentence, steps, tile } from "./page-overview.ts";
import { badge, folded, section, table } from "./page-parts.ts";
import { decisionPoints, type RunReport, runHeadline } from "./run-decision.ts";

const SECTIONS = [
  ["decision", "To decide"],
  ["findings", "Findings"],
  ["steps", "Steps"],
  ["comparison", "Release before"],
  ["released", "What was rehearsed"],
] as const;

/** A run as one HTML page that needs nothing beside itself: no other file, no network, no script. */
export function runPage(report: RunReport): string {
  const { result, comparison } = report;
  const found = result.steps.flatMap((step) => step.findings);
  return page({
    title: `${runHeadline(result)} · ${result.environment}`,
    header: header(result, found),
    main: html`${tiles(report, found)}
<nav aria-label="Sections">${SECTIONS.map(([id, title]) => html`<a href="#${id}">${title}</a> `)}</nav>
${decision(report)}${findings(found)}${steps(result.steps)}${comparison === undefined ? noComparison() : compared(result, comparison)}${released(report)}`,
    footer: `Rehearsal of ${result.environment}, begun ${moment(result.startedAt)}. The same is in the JSON file of the same name beside this page.`,
  });
}

function header(result: RunResult, found: readonly Finding[]): Html {
  return html`<header class="verdict ${result.verdict === "pass" ? "pass" : "fail"}">
<p class="eyebrow">Rehearsal of ${result.environment}</p>
<h1>${runHeadline(result)}</h1>
<p class="lead">${sentence(countFindings(found))}</p>
<p>The release was tried in an environment that is declared as production is. This page is for the people who approve it:
what was found, what was looked at, and what differs from the release before.</p>
</header>
`;
}

function tiles({ result, comparison, evidence }: RunReport, found: readonly Finding[]): Html {
  const number = (severity: Finding["severity"]) => found.filter((finding) => finding.severity === severity).length;
  const passed = result.steps.filter(({ status }) => status === "passed").length;
  const blocking = number("blocking");
  const before = comparison?.before.seconds;
  return html`<dl class="tiles">
${tile("Blocking findings", count(blocking), blocking === 0 ? "nothing stops the release" : "they stop the release", blocking === 0 ? "good" : "bad")}
${tile("Warnings", count(number("warning")), number("warning") === 0 ? "nothing to decide" : "somebody must decide")}
${tile("Steps passed", `${passed} of ${result.steps.length}`, result.leftOut === undefined || result.leftOut.length === 0 ? "none left out" : `${counted(result.leftOut.length, "part")} left out`)}
${tile("The rehearsal took", duration(result.seconds), before === undefined ? "none before to compare with" : `${duration(before)} before`)}
${tile("Evidence", "file" in evidence ? "signed" : "none", "file" in evidence ? "a release gate may ask for it" : evidence.none, "file" in evidence ? "good" : "bad")}
</dl>
`;
}

function decision(report: RunReport): Html {
  const points = decisionPoints(report);
  return section(
    "decision",
    "What there is to decide",
    "Two people approve a release. This is what they have to weigh.",
    points.length === 0
      ? html`<p>Nothing: every step passed without a warning, and nothing was left out.</p>`
      : html`<ul>${points.map((point) => html`<li>${point}</li>`)}</ul>`,
  );
}

function noComparison(): Html {
  return section(
    "comparison",
    "Compared with the release before",
    "No rehearsal of another release in this environment is in the folder of reports, so nothing can be compared.",
  );
}

function compared(run: RunResult, comparison: RunComparison): Html {
  const { before, figures, appeared, gone, migrations } = comparison;
  return section(
    "comparison",
    "Compared with the release before",
    `Release ${before.release} was rehearsed ${moment(before.startedAt)} and ${before.verdict === "pass" ? "passed" : "was stopped"}.`,
    html`${
      migrations !== undefined &&
      html`<p>${migrations.length === 0 ? "No migration is new." : html`New migrations: <code>${migrations.join(", ")}</code>`}</p>`
    }
${findingList("New since then", appeared, "bad")}
${findingList("Gone since then", gone, "good")}
${appeared.length + gone.length === 0 && html`<p>The same blocking findings and warnings as then, or none in both.</p>`}
<h3>Times</h3>
${timeTable(comparison.steps, before, run)}
${
  figures.length > 0 &&
  html`<h3>Figures</h3>
${comparedTable("Figures before and now", "Figure", figures, (value) => count(Math.round(value * 100) / 100))}`
}`,
  );
}

function timeTable(times: readonly Compared[], before: RunResult, run: RunResult): Html {
  const all = { name: "All steps", before: before.seconds, now: run.seconds };
  return comparedTable("Times before and now", "Step", [...times, all], duration);
}

function comparedTable(
  caption: string,
  what: string,
  rows: readonly Compared[],
  words: (value: number) => string,
): Html {
  const said = (value: number | null) => (value === null ? "–" : words(value));
  return table(
    caption,
    [
      { label: what },
      { label: "Before", number: true },
      { label: "Now", number: true },
      { label: "Change", number: true },
    ],
    rows.map((row) => [row.name, said(row.before), said(row.now), change(row)]),
  );
}

/** In percent; a change from or to nothing has none. */
function change({ before, now }: Compared): string {
  if (before === null || now === null || before === 0) return "–";
  const percent = Math.round((now / before - 1) * 100);
  return `${percent > 0 ? "+" : percent < 0 ? "−" : "±"}${count(Math.abs(percent))} %`;
}

function findingList(title: string, list: readonly Finding[], tone: "good" | "bad"): Html {
  if (list.length === 0) return html``;
  return html`<h3>${title}</h3>
<ul>${sortedFindings(list).map(({ severity, subject, cause, id }) => html`<li>${badge(severity === "blocking" ? tone : "plain", severity)} ${subject}: ${cause} <code>${id}</code></li>`)}</ul>`;
}

function released({ result, evidence }: RunReport): Html {
  const { subject } = result;
  return section(
    "released",
    "What was rehearsed",
    "The images by their content, the data, the settings by their hashes, and who did it where.",
    facts(result, subject, evidence),
    subject === undefined ? html`` : images(subject),
    subject === undefined
      ? html``
      : folded(
          `Migrations applied (${count(subject.migrations.length)})`,
          html`<ul>${subject.migrations.map((migration) => html`<li><code>${migration}</code></li>`)}</ul>`,
        ),
  );
}

function facts(result: RunResult, subject: RunSubject | undefined, evidence: RunReport["evidence"]): Html {
  const fact = (label: string, value: Html | string) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  const git = subject?.git;
  return html`<dl class="facts">
${fact("Release", html`<code>${result.release}</code>`)}
${fact("Rehearsed", `${moment(result.startedAt)}, in ${duration(result.seconds)}`)}
${
  subject !== undefined &&
  html`${fact("Stack", subject.stack)}
${fact("By", `${subject.by.user} on ${subject.by.host}`)}
${fact("Git commit", git === null || git === undefined ? "not in git" : html`<code>${git.commit}</code>${git.changed && " with changes"}`)}
${fact("Snapshot", subject.snapshot === null ? "none: the database is not from a snapshot" : html`<code>${subject.snapshot}</code>`)}
${fact("Hash of the shared settings", html`<code>${subject.settings.shared}</code>`)}
${fact("Hash of the environment's own settings", html`<code>${subject.settings.environment}</code>`)}`
}
${fact("Evidence", "file" in evidence ? html`<code>${evidence.file}</code>` : `none: ${evidence.none}`)}
</dl>
`;
}

function images({ images: all }: RunSubject): Html {
  return html`<h3>Images</h3>
${table(
  "Images",
  [{ label: "Image" }, { label: "Name and digest" }],
  Object.entries(all).map(([kind, reference]) => [kind, html`<code>${reference}</code>`]),
)}`;
}
