import type { RunResult } from "../run/run-result.ts";
import type { Incident } from "../statistics/incidents.ts";
import type { ReleaseStatistics } from "../statistics/statistics.ts";
import { count, counted, duration, moment } from "./format.ts";
import { Html, html, printable } from "./html.ts";
import { page } from "./page.ts";
import { tile } from "./page-overview.ts";
import { section, table } from "./page-parts.ts";

/** What a page of statistics is made from. */
export interface StatisticsReport {
  readonly statistics: ReleaseStatistics;
  readonly runs: readonly RunResult[];
  readonly incidents: readonly Incident[];
  /** ISO 8601. */
  readonly madeAt: string;
}

/** Wide screens and telephones. */
const FORMS = [
  { name: "wide", width: 1080, ticks: 8 },
  { name: "narrow", width: 360, ticks: 3 },
] as const;

/** The share of faults that rehearsals caught, in words. */
export function caughtWords({ caught }: ReleaseStatistics): string {
  return caught === null ? "no fault known yet" : `${Math.round(caught * 100)} %`;
}

/** Statistics as one HTML page that needs nothing beside itself. */
export async function statisticsPage(report: StatisticsReport): Promise<string> {
  const { statistics, runs, incidents, madeAt } = report;
  const { rehearsals, releases, stopped, seconds, failures } = statistics;
  return page({
    title: "Rehearsals over time",
    header: html`<header class="verdict pass">
<p class="eyebrow">Rehearsals over time</p>
<h1>${counted(releases, "release")} rehearsed, ${count(stopped)} stopped</h1>
<p>What rehearsals caught before production, and what failed there all the same.</p>
</header>
`,
    main: html`<dl class="tiles">
${tile("Faulty releases caught", caughtWords(statistics), "stopped before production, of all with a known fault")}
${tile("Rehearsals", count(rehearsals), `of ${counted(releases, "release")}`)}
${tile("Releases stopped", count(stopped), releases === 0 ? "none was rehearsed" : `${Math.round((stopped / releases) * 100)} % of them`)}
${tile("A rehearsal takes", seconds === null ? "–" : duration(seconds), "the median")}
${tile("Failures in production", count(failures), "on record", failures === 0 ? "good" : "bad")}
</dl>
${section("time", "Over time", "Each dot is a rehearsal: how long it took, and whether it stopped the release. A line marks a failure in production.", await plot(runs, incidents))}${section(
  "steps",
  "What each step caught",
  "Releases in which the step found something that blocks, and failures in production that it should have found.",
  statistics.steps.length === 0 ? html`<p>No step has run.</p>` : stepTable(statistics),
)}${section("failures", "Failures in production", "As they were recorded with rehearse incident.", failureTable(incidents))}`,
    footer: `Made ${moment(madeAt)} from the reports on this machine.`,
  });
}

function stepTable({ steps }: ReleaseStatistics): Html {
  return table(
    "What each step caught",
    [
      { label: "Step" },
      { label: "Releases stopped", number: true },
      { label: "Missed", number: true },
      { label: "Median time", number: true },
      { label: "Found" },
    ],
    steps.map(({ step, releases, missed, seconds, findings }) => [
      step,
      count(releases),
      count(missed),
      seconds === null ? "–" : duration(seconds),
      findings.length === 0
        ? "–"
        : html`${findings.map(([id, number]) => html`<code>${id}</code> (${count(number)}) `)}`,
    ]),
  );
}

function failureTable(incidents: readonly Incident[]): Html {
  if (incidents.length === 0) return html`<p>None is on record.</p>`;
  return table(
    "Failures in production",
    [{ label: "When" }, { label: "Release" }, { label: "What" }, { label: "Step that should have caught it" }],
    incidents.map(({ at, release, what, wouldBeCaughtBy }) => [
      moment(at),
      html`<code>${release}</code>`,
      what,
      wouldBeCaughtBy ?? "not known",
    ]),
  );
}

async function plot(runs: readonly RunResult[], incidents: readonly Incident[]): Promise<Html> {
  if (runs.length + incidents.length === 0) return html`<p>Nothing has happened yet.</p>`;
  const [Plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const minutes = runs.some(({ seconds }) => seconds > 120);
  const unit = minutes ? { name: "minutes", seconds: 60 } : { name: "seconds", seconds: 1 };
  const dots = runs.map(({ startedAt, seconds, verdict, release }) => ({
    at: new Date(startedAt),
    took: seconds / unit.seconds,
    verdict,
    title: printable(`${release}: ${verdict === "pass" ? "passed" : "stopped"} after ${duration(seconds)}`),
  }));
  const lines = incidents.map(({ at, what, release }) => ({
    at: new Date(at),
    title: printable(`${release} failed in production: ${what}`),
  }));
  const longest = dots.reduce((most, { took }) => Math.max(most, took), 0);
  const drawn = FORMS.map(({ name, width, ticks }) => {
    const svg = Plot.plot({
      document,
      width,
      height: 280,
      marginLeft: 48,
      marginBottom: 40,
      style: { fontSize: "13px", background: "transparent" },
      x: { type: "utc", domain: timeDomain([...dots, ...lines]), label: null, ticks },
      y: { domain: [0, longest > 0 ? longest * 1.15 : 1], label: unit.name, grid: true, ticks: 5 },
      marks: [
        Plot.ruleX(lines, { x: "at", stroke: "var(--bad)", strokeWidth: 2, strokeDasharray: "7 5", title: "title" }),
        Plot.dot(dots, {
          x: "at",
          y: "took",
          r: 6,
          // Told apart without colours too.
          symbol: ({ verdict }: { verdict: string }) => (verdict === "pass" ? "circle" : "times"),
          fill: ({ verdict }: { verdict: string }) => (verdict === "pass" ? "var(--good)" : "none"),
          stroke: ({ verdict }: { verdict: string }) => (verdict === "pass" ? "var(--good)" : "var(--bad)"),
          strokeWidth: 3,
          title: "title",
        }),
        Plot.ruleY([0]),
      ],
    });
    svg.setAttribute("role", "img");
    svg.setAttribute(
      "aria-label",
      `${counted(dots.length, "rehearsal")} and ${counted(lines.length, "failure")} over time.`,
    );
    return html`<div class="${name}">${new Html(svg.outerHTML)}</div>`;
  });
  return html`<figure class="plot">${drawn}</figure>
<ul class="legend short"><li><span class="good-mark">●</span> passed</li><li><span class="wrong">✕</span> stopped</li><li><span class="wrong">┆</span> failure in production</li></ul>`;
}

function timeDomain(moments: readonly { readonly at: Date }[]): [Date, Date] {
  const times = moments.map(({ at }) => at.getTime());
  const [from, until] = [Math.min(...times), Math.max(...times)];
  const margin = Math.max((until - from) * 0.03, 3_600_000);
  return [new Date(from - margin), new Date(until + margin)];
}
