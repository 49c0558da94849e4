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
}

/** A pattern counts as more frequent from so many times the rate before, and so many more entries than expected. */
const TIMES = 3;
const MORE = 5;
const SAMPLE_LINES = 12;
const LONGEST_WORDS = 200;
/** How Python says that it cannot reach what is not in the environment, and that it was about to send mail. */
const OUTSIDE = /gaierror|name resolution|Name or service not known|Network is unreachable|No route to host/i;
const MAIL = /smtplib|core[./]mail|send_mail|EmailMessage/;

/**
 * New and more frequent errors and warnings of a release.
 *
 * @param before what the release before logged; undefined where nobody kept it: every error counts then
 */
export function logFindings(now: LogSummary, before: LogSummary | undefined): Finding[] {
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
    cause: `the release logs this ${level}${since}: ${count} ${count === 1 ? "time" : "times"} since its deployment${triedToReach(pattern)}`,
    consequence: consequenceOf(pattern),
    remedy: "Mend what the sample names; where it is meant, log it below that level.",
    evidence: sampleLines(pattern),
  };
}

/** A sealed environment stops what would happen in production: that is the fault then, and not that it was stopped. */
function triedToReach({ sample }: LogPattern): string {
  if (!OUTSIDE.test(sample)) return "";
  return `; it tries to ${MAIL.test(sample) ? "send mail" : "reach something outside of the environment"}`;
}

function consequenceOf({ level, sample }: LogPattern): string {
  if (OUTSIDE.test(sample)) {
    return MAIL.test(sample)
      ? "Where a mail server is reached, as in production, the mail goes out: to everybody whom the stored rows name, those of years ago too, if the code does not leave them out."
      : "Where it is reached, as in production, something happens there that no rehearsal has seen; where it is not, the work is not done.";
  }
  return level === "error"
    ? "Something fails although answers may be 200: work is lost, or will be under production's load."
    : "Something is not as the code expects it; it often comes before an error.";
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
