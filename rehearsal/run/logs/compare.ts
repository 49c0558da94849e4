import type { Finding, Severity } from "../../finding.ts";
import { alike, type LogPattern } from "./patterns.ts";

/** What the processes of one release have logged, over how long. */
export interface LogSummary {
  readonly version: 1;
  readonly environment: string;
  readonly release: string;
  /** When it was written, ISO 8601. */
  readonly takenAt: string;
  /** How long the release had run then. */
  readonly hours: number;
  /** Errors and warnings alone. */
  readonly patterns: readonly LogPattern[];
  /** All entries, by service. */
  readonly volume?: Readonly<Record<string, number>> | undefined;
}

/**
 * Of all requests, those for files and those that fail among them: what writes one for each row does so in some of them alone.
 * So many times as many as before are no new feature's.
 */
const ENTRIES_PER_REQUEST = 5;
const TIMES_AS_MANY = 4;
/** With fewer requests, the start of the processes counts as well. */
const SOME_REQUESTS = 20;

/** A pattern counts as more frequent from so many times the rate before, and so many more entries than expected. */
const TIMES = 3;
const MORE = 5;
const SAMPLE_LINES = 12;
const LONGEST_WORDS = 200;

/**
 * New and more frequent errors and warnings of a release.
 *
 * @param before what the release before logged; undefined where nobody kept it: every error counts then
 */
export function logFindings(now: LogSummary, before: LogSummary | undefined): Finding[] {
  return [...patternFindings(now, before), ...volumeFindings(now, before)];
}

/** What a release writes for each request that the gateway has taken. */
function volumeFindings(now: LogSummary, before: LogSummary | undefined): Finding[] {
  const perRequest = ({ volume = {} }: LogSummary) => {
    const { app = 0, gateway = 0 } = volume;
    return gateway < SOME_REQUESTS ? undefined : app / gateway;
  };
  const [rate, earlier] = [perRequest(now), before === undefined ? undefined : perRequest(before)];
  if (rate === undefined || earlier === undefined) return [];
  if (rate < ENTRIES_PER_REQUEST || rate < earlier * TIMES_AS_MANY) return [];
  return [
    {
      id: "log.volume",
      severity: "blocking",
      subject: "app",
      cause: `it logs ${rate.toFixed(0)} entries for each request; with release ${before?.release ?? "before"} it was ${earlier.toFixed(1)}`,
      consequence: "Logs are rotated away within minutes, or fill the disk; what matters is not found in them.",
      remedy: "Look for a record that is written for each row or in a loop, and log it below the level of production.",
    },
  ];
}

function patternFindings(now: LogSummary, before: LogSummary | undefined): Finding[] {
  return now.patterns.flatMap((pattern) => {
    const known = (before?.patterns ?? []).filter(
      ({ source, level, words }) => source === pattern.source && level === pattern.level && alike(words, pattern.words),
    );
    if (known.length === 0) return [newFinding(pattern, before)];
    const count = known.reduce((sum, { count: one }) => sum + one, 0);
    // Both have run for some minutes at least, or two entries at the start would be a high rate.
    const expected = (count / Math.max(before?.hours ?? 0, 0.1)) * Math.max(now.hours, 0.1);
    if (pattern.count < expected * TIMES || pattern.count - expected < MORE) return [];
    return [moreFinding(pattern, expected, before)];
  });
}

function newFinding(pattern: LogPattern, before: LogSummary | undefined): Finding {
  const { source, level, count } = pattern;
  const severity: Severity = level === "error" ? "blocking" : before === undefined ? "note" : "warning";
  const since = before === undefined ? "" : `, and release ${before.release} did not`;
  return {
    id: level === "error" ? "log.new-error" : "log.new-warning",
    severity,
    subject: `${source}: ${shortWords(pattern)}`,
    cause: `the release logs this ${level}${since}: ${count} ${count === 1 ? "time" : "times"} since its deployment`,
    consequence:
      level === "error"
        ? "Something fails although answers may be 200: work is lost, or will be under production's load."
        : "Something is not as the code expects it; it often comes before an error.",
    remedy: "Mend what the sample names; where it is meant, log it below that level.",
    evidence: sampleLines(pattern),
  };
}

function moreFinding(pattern: LogPattern, expected: number, before: LogSummary | undefined): Finding {
  const { source, level, count } = pattern;
  return {
    id: level === "error" ? "log.more-errors" : "log.more-warnings",
    severity: level === "error" ? "blocking" : "warning",
    subject: `${source}: ${shortWords(pattern)}`,
    cause:
      `the release logs this ${level} ${count} times; at the rate of release ${before?.release ?? "before"} it would be ` +
      (expected < 10 ? expected.toFixed(1) : expected.toFixed(0)),
    consequence: "Something that failed now and then fails often.",
    remedy: "Find out what makes it frequent: the sample names where it happens.",
    evidence: sampleLines(pattern),
  };
}

function shortWords({ words }: LogPattern): string {
  const text = words.join(" ");
  return text.length > LONGEST_WORDS ? `${text.slice(0, LONGEST_WORDS)}…` : text;
}

function sampleLines({ sample }: LogPattern): string[] {
  const lines = sample.split("\n");
  // The end of a traceback names the error.
  return lines.length <= SAMPLE_LINES ? lines : [...lines.slice(0, 4), "…", ...lines.slice(-(SAMPLE_LINES - 5))];
}
