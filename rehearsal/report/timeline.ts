import type { Markish } from "@observablehq/plot";
import type { MigrationRehearsal, MigrationRun } from "../migration/result.ts";
import { duration } from "./format.ts";
import { Html, html, printable } from "./html.ts";
import { LOCK_MODES, lockRank } from "./lock-modes.ts";
import { type Bar, INDENT, lockRows, statementRows } from "./timeline-rows.ts";

type Traffic = NonNullable<MigrationRehearsal["traffic"]>;
type Library = typeof import("@observablehq/plot");

/** The plots of one run, over the same time axis; null where there is nothing to draw. */
interface Timeline {
  readonly statements: Html | null;
  readonly locks: Html | null;
  /** Tables for which the plot of locks has no room. */
  readonly hiddenTables: number;
  readonly waits: Html | null;
}

/** A form of a plot: a wide one has names beside the bars, a narrow one above them. */
interface Form {
  readonly name: "wide" | "narrow";
  readonly width: number;
  readonly marginLeft: number;
  readonly row: number;
  readonly insetTop: number;
  readonly ticks: number;
}

const FORMS: readonly Form[] = [
  { name: "wide", width: 1080, marginLeft: 290, row: 24, insetTop: 4, ticks: 8 },
  { name: "narrow", width: 360, marginLeft: 30, row: 40, insetTop: 20, ticks: 4 },
];
const MARGIN_RIGHT = 24;
/** Room for the axis below the rows, and for what stands out above them. */
const AXIS = 44;
const ABOVE = 8;
/** Stronger locks are drawn higher, so that they are told apart without colours too. */
const EFFECT_INSET = { none: 5, writes: 2.5, all: 0 } as const;

/** Draws a run, with the traffic that went on beside it. Each plot is there for wide and for narrow screens. */
export async function drawTimeline(run: readonly MigrationRun[], traffic: Traffic | null): Promise<Timeline> {
  const [Plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const domain = timeDomain(run, traffic);
  const draw = (label: string, height: (form: Form) => number, marks: (form: Form) => Markish[], options = {}) =>
    html`${FORMS.map((form) => {
      const plot = Plot.plot({
        document,
        width: form.width,
        height: height(form),
        marginLeft: form.marginLeft,
        marginRight: MARGIN_RIGHT,
        marginTop: ABOVE,
        marginBottom: AXIS,
        style: { fontSize: "13px", background: "transparent" },
        x: { domain, label: "seconds since the first migration began →", ticks: form.ticks, grid: true },
        marks: marks(form),
        ...options,
      });
      plot.setAttribute("role", "img");
      plot.setAttribute("aria-label", label);
      return html`<div class="${form.name}">${new Html(plot.outerHTML)}</div>`;
    })}`;

  const rowed = (label: string, rows: readonly string[], bars: (form: Form) => Markish[]) =>
    draw(
      label,
      ({ row }) => rows.length * row + AXIS + ABOVE,
      (form) => [...spans(Plot, traffic), ...bars(form), ...rowNames(Plot, rows, form)],
      { y: { domain: rows, axis: null, padding: 0 } },
    );

  const { rows, migrations, statements } = statementRows(run);
  const locks = lockRows(run);
  return {
    statements:
      rows.length === 0
        ? null
        : rowed(`Timeline of ${run.length} migrations and ${statements.length} statements.`, rows, (form) => [
            bars(Plot, migrations, form, 0, () => "var(--migration)"),
            bars(Plot, statements, form, 2.5, ({ failed }) => (failed ? "var(--bad)" : "var(--statement)")),
          ]),
    locks:
      locks.rows.length === 0
        ? null
        : rowed(`Timeline of the locks held on ${locks.rows.length} tables.`, locks.rows, (form) =>
            (["none", "writes", "all"] as const).map((effect) => {
              const these = locks.bars.filter(({ mode }) => LOCK_MODES[lockRank(mode)]?.effect === effect);
              return bars(Plot, these, form, EFFECT_INSET[effect], ({ mode }) => `var(--lock-${lockRank(mode)})`);
            }),
          ),
    hiddenTables: locks.hidden,
    waits:
      traffic === null
        ? null
        : draw(
            `${traffic.waits.length} waits of the traffic over time; the longest is ${duration(traffic.longest)}, the limit ${duration(traffic.limit)}.`,
            () => 240,
            (form) => [...spans(Plot, traffic), ...waitMarks(Plot, traffic, form)],
            { y: { domain: [0, waitLimit(traffic)], axis: null } },
          ),
  };
}

/** How long an operation had to wait: what it took beyond what it takes when nothing migrates. */
export function waited({ seconds, usual }: { readonly seconds: number; readonly usual: number }): number {
  return Math.max(0, seconds - usual);
}

function timeDomain(run: readonly MigrationRun[], traffic: Traffic | null): [number, number] {
  const spans = [...run, ...(traffic?.waits ?? [])].map(({ start, seconds }) => [start, start + seconds] as const);
  const locks = run.flatMap((migration) => migration.locks.map(({ from, until }) => [from, until] as const));
  const open = (traffic?.longTransactions ?? []).map(({ from, until }) => [from, until] as const);
  const all = [...spans, ...locks, ...open];
  const from = all.reduce((earliest, [start]) => Math.min(earliest, start), 0);
  const until = all.reduce((latest, [, end]) => Math.max(latest, end), 0);
  return [from, until > from ? until : from + 1];
}

function waitLimit({ limit, waits }: Traffic): number {
  return waits.reduce((longest, operation) => Math.max(longest, waited(operation)), limit) * 1.15;
}

function spans(Plot: Library, traffic: Traffic | null): Markish[] {
  if (traffic === null) return [];
  return [
    Plot.rectX(traffic.longTransactions, {
      x1: "from",
      x2: "until",
      fill: "var(--open)",
      title: ({ from, until }: { from: number; until: number }) =>
        `a long transaction was open for ${duration(until - from)}`,
    }),
  ];
}

function bars<B extends Bar>(Plot: Library, data: readonly B[], form: Form, inset: number, colour: (bar: B) => string) {
  return Plot.barX(data, {
    x1: "from",
    x2: "until",
    y: "row",
    fill: colour,
    // A bar of a few milliseconds in a run of minutes must still be seen.
    stroke: colour,
    strokeWidth: 1.5,
    insetTop: form.insetTop + inset,
    insetBottom: 4 + inset,
    title: (bar: B) => printable(bar.title),
  });
}

function rowNames(Plot: Library, rows: readonly string[], form: Form): Markish[] {
  const narrow = form.name === "narrow";
  const options = {
    y: (row: string) => row,
    text: (row: string) => printable(row),
    title: (row: string) => printable(row),
    frameAnchor: narrow ? "top-left" : "left",
    lineAnchor: narrow ? "top" : "middle",
    dy: narrow ? -form.row / 2 + 4 : 0,
    dx: -form.marginLeft + 4,
    textAnchor: "start",
    fill: "var(--ink)",
    lineWidth: narrow ? 29 : 25,
    monospace: true,
    fontFamily: "var(--mono)",
    fontSize: 12,
  } as const;
  const statement = (row: string) => row.startsWith(INDENT);
  return [
    Plot.text(rows.filter(statement), {
      ...options,
      dx: options.dx + 12,
      lineWidth: options.lineWidth - 1.5,
      textOverflow: "ellipsis",
    }),
    // Names of one project often begin alike and differ at their end.
    Plot.text(
      rows.filter((row) => !statement(row)),
      { ...options, textOverflow: "ellipsis-middle" },
    ),
  ];
}

function waitMarks(Plot: Library, { waits, limit }: Traffic, form: Form): Markish[] {
  const data = waits.map((operation) => ({
    ...operation,
    until: operation.start + operation.seconds,
    waited: waited(operation),
    bad: waited(operation) > limit || operation.error !== undefined,
    title: printable(
      `${operation.operation}: waited ${duration(waited(operation))}${operation.error === undefined ? "" : `, failed: ${operation.error}`}`,
    ),
  }));
  const colour = ({ bad }: { bad: boolean }) => (bad ? "var(--bad)" : "var(--wait)");
  const failed = data.filter(({ error }) => error !== undefined);
  return [
    Plot.gridY({ stroke: "currentColor", strokeOpacity: 0.1, ticks: 5 }),
    Plot.axisY({
      anchor: "left",
      label: form.name === "wide" ? "seconds waited" : null,
      labelArrow: "none",
      labelAnchor: "center",
      ticks: 5,
      labelOffset: 44,
    }),
    Plot.ruleY(data, { x1: "start", x2: "until", y: "waited", stroke: colour, strokeWidth: 2, title: "title" }),
    Plot.dot(data, { x: "until", y: "waited", r: 4, fill: colour, title: "title" }),
    Plot.dot(failed, { x: "until", y: "waited", r: 6, symbol: "times", stroke: "var(--bad)", strokeWidth: 3 }),
    Plot.ruleY([limit], { stroke: "var(--bad)", strokeWidth: 2, strokeDasharray: "7 5" }),
    Plot.text([limit], {
      y: (value: number) => value,
      text: (value: number) => `limit ${duration(value)}`,
      frameAnchor: "left",
      textAnchor: "start",
      dx: 6,
      dy: -10,
      fill: "var(--bad)",
      stroke: "var(--card)",
      strokeWidth: 4,
      fontWeight: "bold",
    }),
    Plot.ruleY([0]),
  ];
}
