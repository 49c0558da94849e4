import type { Finding, MigrationRehearsal, Severity, StepResult } from "../migration/result.ts";
import { countFindings, sortedFindings } from "./finding-lines.ts";
import { bytes, count, counted, duration, moment, runSeconds } from "./format.ts";
import { type Html, html } from "./html.ts";
import { lockRank } from "./lock-modes.ts";
import { badge, code, folded, section, table } from "./page-parts.ts";
import { tableLocks } from "./timeline-rows.ts";

const SEVERITY_WORDS: Readonly<Record<Severity, { readonly word: string; readonly tone: "bad" | "warn" | "plain" }>> = {
  blocking: { word: "Blocking", tone: "bad" },
  warning: { word: "Warning", tone: "warn" },
  note: { word: "Note", tone: "plain" },
};

/** The verdict in a few words, and what the page is. */
export function verdict(rehearsal: MigrationRehearsal): Html {
  return html`<header class="verdict ${rehearsal.verdict}">
<p class="eyebrow">Migration rehearsal for ${rehearsal.environment}</p>
<h1>${headline(rehearsal)}</h1>
<p class="lead">${sentence(countFindings(rehearsal.findings))}</p>
<p>The migrations of a new release were run on throw-away copies of production-like data before they touch the real
database. This page shows what happened there. Nothing real was changed.</p>
</header>
`;
}

/** The verdict as one sentence. */
export function headline({ verdict, plan }: MigrationRehearsal): string {
  if (verdict === "fail") return "Failed: this release must not be deployed";
  if (plan.length === 0) return "Passed: the release brings no migration";
  return `Passed: ${counted(plan.length, "migration")} went through`;
}

/** Words as a sentence. */
export function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** The figures that people ask for first. */
export function tiles(rehearsal: MigrationRehearsal): Html {
  const { run, traffic, back, plan } = rehearsal;
  const exclusive = tableLocks(run).filter(({ mode }) => lockRank(mode) === 7);
  const longest = exclusive.reduce((most, { held }) => Math.max(most, held), 0);
  const works = back?.outgoingWorks ?? null;
  return html`<dl class="tiles">
${tile("Migrations took", duration(runSeconds(run)), `${run.length} of ${plan.length} run on the copy`)}
${tile(
  "Longest full lock of a table",
  exclusive.length === 0 ? "none" : duration(longest),
  exclusive.length === 0
    ? "no table was closed to reads and writes"
    : (exclusive.find(({ held }) => held === longest)?.table ?? ""),
)}
${
  traffic === null
    ? tile("Longest wait of a request", "not measured", "no traffic in this rehearsal")
    : tile(
        "Longest wait of a request",
        duration(traffic.longest),
        `${duration(traffic.limit)} are allowed`,
        traffic.longest > traffic.limit ? "bad" : "good",
      )
}
${tile(
  "Old release afterwards",
  works === null ? "not tried" : works ? "works" : "breaks",
  "while the new release is rolled out",
  works === null ? undefined : works ? "good" : "bad",
)}
${tile("Way back", ...wayBack(rehearsal))}
</dl>
`;
}

function wayBack({ back, plan }: MigrationRehearsal): [string, string] {
  if (plan.length === 0) return ["not needed", "nothing changes"];
  if (back === null) return ["not tried", "in this rehearsal"];
  if (back.irreversible !== undefined) return ["partly", "a migration has no reverse"];
  const failed = back.reversed.find(({ error }) => error !== undefined);
  if (failed !== undefined) return ["fails", `at ${failed.migration}`];
  return back.reversed.length === 0 ? ["not tried", "in this rehearsal"] : ["works", "every migration was taken back"];
}

/** One figure that people ask for first. */
export function tile(label: string, value: string, note: string, tone?: "good" | "bad"): Html {
  return html`<div class="${tone}"><dt>${label}</dt><dd><strong>${value}</strong> ${note}</dd></div>`;
}

/** What was rehearsed, on what, and when. */
export function facts(rehearsal: MigrationRehearsal): Html {
  const { outgoing, incoming, snapshot, form } = rehearsal;
  const fact = (label: string, value: Html | string) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`;
  return html`<dl class="facts">
${fact("Release that runs now", outgoing === null ? "none" : html`<code>${outgoing}</code>`)}
${fact("Release that is to come", html`<code>${incoming}</code>`)}
${fact("Rehearsed", `${moment(rehearsal.startedAt)}, in ${duration(rehearsal.seconds)} (${form} form)`)}
${fact("Snapshot that was copied", html`<code>${snapshot.id}</code> of ${snapshot.source}`)}
${fact("Taken", moment(snapshot.takenAt))}
${fact("Size", `${counted(snapshot.rows, "row")}, ${bytes(snapshot.bytes)}`)}
</dl>
`;
}

/** The findings, those that block first. */
export function findings(found: readonly Finding[]): Html {
  return section(
    "findings",
    `Findings: ${countFindings(found)}`,
    found.length === 0
      ? "Nothing speaks against this release: no step of the rehearsal found anything to decide or to mend."
      : "Each says what was seen, what it would do in production, and what to do about it. A blocking finding stops the release, a warning asks for a decision, a note is worth knowing.",
    html`${sortedFindings(found).map(finding)}`,
  );
}

function finding({ severity, migration, subject, cause, consequence, remedy, evidence = [], id }: Finding): Html {
  const { word, tone } = SEVERITY_WORDS[severity];
  return html`<article class="finding ${severity}">
<h3>${badge(tone, word)} ${migration === undefined ? "" : html`<code>${migration}</code>: `}${subject}</h3>
<dl><dt>Cause</dt><dd>${cause}</dd><dt>Consequence</dt><dd>${consequence}</dd><dt>Remedy</dt><dd>${remedy}</dd></dl>
${evidence.length > 0 && folded(`Evidence (${counted(evidence.length, "line")})`, code(evidence.join("\n")))}
<p class="id">${id}</p>
</article>
`;
}

const STATUS: Readonly<Record<StepResult["status"], Html>> = {
  passed: badge("good", "✓ passed"),
  failed: badge("bad", "✗ failed"),
  skipped: badge("plain", "– skipped"),
};

/** What was done, in its order. */
export function steps(done: readonly Omit<StepResult, "id">[]): Html {
  return section(
    "steps",
    "Steps of the rehearsal",
    "What was tried, in this order, and what was seen. A step that was skipped says why.",
    table(
      "Steps of the rehearsal",
      [{ label: "Result" }, { label: "Step" }, { label: "Time", number: true }, { label: "Seen" }],
      done.map(({ status, title, seconds, detail }) => [
        STATUS[status],
        title,
        status === "skipped" ? "" : duration(seconds),
        detail,
      ]),
    ),
  );
}

/** The row counts and sizes of tables before and after. */
export function sizes(tables: MigrationRehearsal["sizes"]): Html {
  const changed = tables.filter((size) => size.rowsBefore !== size.rowsAfter || size.bytesBefore !== size.bytesAfter);
  const same = tables.length - changed.length;
  const number = (value: number | null, as: (value: number) => string) => (value === null ? "–" : as(value));
  return section(
    "sizes",
    "Tables before and after",
    "Rows and size on disk of the tables that the migrations changed, with their indexes. A dash: the table was not there.",
    changed.length > 0
      ? table(
          "Tables before and after",
          [
            { label: "Table" },
            { label: "Rows before", number: true },
            { label: "Rows after", number: true },
            { label: "Size before", number: true },
            { label: "Size after", number: true },
          ],
          changed.map((size) => [
            html`<code>${size.table}</code>`,
            number(size.rowsBefore, count),
            number(size.rowsAfter, count),
            number(size.bytesBefore, bytes),
            number(size.bytesAfter, bytes),
          ]),
        )
      : html`<p>No table changed its rows or its size.</p>`,
    html`${same > 0 && changed.length > 0 && html`<p class="quiet">${counted(same, "other table")} stayed as ${same === 1 ? "it was" : "they were"}.</p>`}`,
  );
}
