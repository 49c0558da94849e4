import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";
import { count, duration } from "../report/format.ts";
import { printable } from "../report/html.ts";
import { caughtWords, statisticsPage } from "../report/statistics-page.ts";
import { pastRuns } from "../run/past-runs.ts";
import { readIncidents } from "../statistics/incidents.ts";
import { type ReleaseStatistics, releaseStatistics } from "../statistics/statistics.ts";
import { statisticsHelp } from "./statistics-help.ts";

const REPORTS = "reports";

/** `rehearse statistics`: the exit codes are in its help. */
export async function statistics(words: readonly string[]): Promise<number> {
  let options: { since: string; json: boolean };
  try {
    ({ values: options } = parseArgs({
      args: [...words],
      options: { since: { type: "string", default: "1970-01-01" }, json: { type: "boolean", default: false } },
    }));
    if (Number.isNaN(Date.parse(options.since))) {
      throw new Error(`--since must be a date such as 2026-01-01; found ${options.since}`);
    }
  } catch (error) {
    console.error(`rehearse statistics: ${message(error)}\n\n${statisticsHelp}`);
    return 2;
  }
  try {
    const since = Date.parse(options.since);
    const runs = (await pastRuns(REPORTS)).filter(({ startedAt }) => Date.parse(startedAt) >= since);
    const incidents = readIncidents().filter(({ at }) => Date.parse(at) >= since);
    const figures = releaseStatistics(runs, incidents);
    const file = path.join(REPORTS, "statistics.html");
    await mkdir(REPORTS, { recursive: true });
    await writeFile(
      file,
      await statisticsPage({ statistics: figures, runs, incidents, madeAt: new Date().toISOString() }),
    );
    if (options.json) console.log(JSON.stringify(figures));
    else for (const line of [...statisticsLines(figures), `page: ${file}`]) console.log(printable(line));
    return 0;
  } catch (error) {
    console.error(`rehearse statistics: ${message(error)}`);
    return 1;
  }
}

/** The figures as a table for a terminal. */
export function statisticsLines(figures: ReleaseStatistics): string[] {
  const { rehearsals, releases, stopped, seconds, failures, steps } = figures;
  const rows = steps.map(({ step, releases: caught, missed, seconds: took, findings }) => [
    step,
    count(caught),
    count(missed),
    took === null ? "–" : duration(took),
    findings.map(([id, number]) => `${id} (${number})`).join(", "),
  ]);
  const table = [["step", "stopped", "missed", "median", "found"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  return [
    `rehearsals              ${count(rehearsals)}, of ${count(releases)} releases`,
    `releases stopped        ${count(stopped)}`,
    `failures in production  ${count(failures)}`,
    `faulty releases caught  ${caughtWords(figures)}`,
    `median time             ${seconds === null ? "–" : duration(seconds)}`,
    "",
    ...table.map((row) =>
      row
        .map((cell, column) =>
          column === 0 || column === 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    ),
  ];
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
