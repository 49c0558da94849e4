import type { Row, Unit } from "./measurement.ts";
import { median } from "./statistics.ts";

const HEAD = ["", "ours", "peer", "ours / peer", "target"];

/** The rows as a table of aligned columns: medians, and smallest and largest where there were several runs. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [format(HEAD), widths.map((width) => "─".repeat(width)).join("──"), ...lines.slice(1).map(format)].join("\n");
}

function cells({ what, unit, ours, peer, target }: Row): string[] {
  return [
    what,
    summary(ours, unit),
    peer === undefined ? "" : summary(peer, unit),
    peer === undefined || median(peer) === 0 ? "" : (median(ours) / median(peer)).toFixed(2),
    target === undefined ? "" : `${target.text}: ${target.met ? "met" : "missed"}`,
  ];
}

function summary(samples: readonly number[], unit: Unit): string {
  const digits = unit === "s" ? 2 : 0;
  const text = (value: number) => value.toFixed(digits);
  const range =
    samples.length > 1 ? ` (${text(Math.min(...samples))}–${text(Math.max(...samples))}, n=${samples.length})` : "";
  return `${text(median(samples))}${unit === "requests" ? "" : ` ${unit}`}${range}`;
}
