import type { Finding } from "../../finding.ts";
import { counted, duration } from "../../report/format.ts";
import type { TestSuite } from "./functional-tests.ts";
import { readJunit, type TestCase } from "./junit.ts";

/** How the command of a suite ended. */
export interface SuiteEnd {
  readonly exitCode: number;
  /** Whether it was killed because its time was up. */
  readonly timedOut: boolean;
  /** What it wrote for JUnit's readers; undefined where it wrote nothing. */
  readonly report: string | undefined;
  /** The last lines that it printed. */
  readonly lines: readonly string[];
}

/** What is to be said of a suite. */
export interface SuiteOutcome {
  /** Tests that ran; undefined where the suite does not tell. */
  readonly ran: number | undefined;
  readonly findings: readonly Finding[];
}

const QUOTED_LINES = 20;
/** A suite that fails as a whole has one cause, not a hundred. */
const TOLD_FAILURES = 20;

/** Judges a suite by its report where it wrote one, else by its exit code and what it printed. */
export function suiteOutcome(suite: TestSuite, end: SuiteEnd): SuiteOutcome {
  if (end.timedOut) return { ran: undefined, findings: [tooLong(suite, end)] };
  if (end.report === undefined) return withoutReport(suite, end);
  let cases: TestCase[];
  try {
    cases = readJunit(end.report);
  } catch (error) {
    return { ran: undefined, findings: [unreadable(suite, end, error)] };
  }
  const ran = cases.filter(({ status }) => status !== "skipped").length;
  const failed = cases.filter(({ status }) => status === "failed");
  const findings = failed.slice(0, TOLD_FAILURES).map((test) => failedTest(suite, test));
  if (failed.length > TOLD_FAILURES) findings.push(moreFailed(suite, failed.slice(TOLD_FAILURES)));
  if (ran === 0) findings.push(noneRan(suite, end));
  else if (end.exitCode !== 0 && failed.length === 0) findings.push(failedCommand(suite, end));
  return { ran, findings };
}

function withoutReport(suite: TestSuite, end: SuiteEnd): SuiteOutcome {
  const ran = testsTold(end.lines);
  if (ran === 0) return { ran, findings: [noneRan(suite, end)] };
  if (end.exitCode !== 0) return { ran, findings: [failedCommand(suite, end)] };
  return { ran, findings: ran === undefined ? [uncounted(suite)] : [] };
}

/**
 * How many tests ran by what unittest (and with it Django), pytest, and runners that print `N passed`, `N passing` or TAP's
 * count say at their ends; undefined where nothing says it.
 */
export function testsTold(lines: readonly string[]): number | undefined {
  const counts = lines.flatMap((line) => {
    const unittest = /^Ran (\d+) tests? in /.exec(line);
    if (unittest !== null) return [Number(unittest[1])];
    // Of unittest's second line; those were counted as run.
    const left = /^(?:OK|FAILED) \(.*?skipped=(\d+)/.exec(line);
    if (left !== null) return [-Number(left[1])];
    if (/^[=\s]*no tests ran|^No tests? (?:was |were )?found/i.test(line)) return [0];
    const tap = /^# (?:pass|fail) (\d+)$/.exec(line);
    if (tap !== null) return [Number(tap[1])];
    const summed = [...line.matchAll(/(?:^|[=\s,])(\d+) (?:passed|passing|failed|failing|errors?)\b/g)];
    return /^[=\s]*\d+ (?:passed|passing|failed|failing|errors?|skipped)\b/.test(line)
      ? [summed.reduce((sum, [, number]) => sum + Number(number), 0)]
      : [];
  });
  return counts.length === 0 ? undefined : counts.reduce((sum, number) => sum + number, 0);
}

function failedTest({ id }: TestSuite, { name, message, details }: TestCase): Finding {
  return {
    id: "tests.failed",
    severity: "blocking",
    subject: `suite ${id}, ${name}`,
    cause: message === "" ? "the test failed and does not say why" : message,
    consequence:
      "What the test asks of the release does not hold in a deployed environment; users of production would meet it.",
    remedy: "Mend the release, or the test where the release is meant to be so.",
    ...(details === "" ? {} : { evidence: details.split("\n").slice(-QUOTED_LINES) }),
  };
}

function moreFailed({ id }: TestSuite, failed: readonly TestCase[]): Finding {
  return {
    id: "tests.failed",
    severity: "blocking",
    subject: `suite ${id}, ${counted(failed.length, "more test")}`,
    cause: "they failed as well",
    consequence: "What they ask of the release does not hold in a deployed environment.",
    remedy: "Mend what stands above first.",
    evidence: failed.slice(0, QUOTED_LINES).map(({ name }) => name),
  };
}

function failedCommand({ id, command }: TestSuite, { exitCode, lines }: SuiteEnd): Finding {
  return {
    id: "tests.suite-failed",
    severity: "blocking",
    subject: `suite ${id}`,
    cause: `${command.join(" ")} ended with ${exitCode}${exitCode === 137 ? ": it was killed, as by the limit on memory" : ""}`,
    consequence: "What the suite asks of the release is not known to hold in a deployed environment.",
    remedy:
      "See what it printed. Where its runner can write JUnit's XML to the file that JUNIT_XML names, failed tests are told one by one.",
    evidence: quoted(lines),
  };
}

function noneRan({ id, command }: TestSuite, { lines }: SuiteEnd): Finding {
  return {
    id: "tests.none-ran",
    severity: "blocking",
    subject: `suite ${id}`,
    cause: `${command.join(" ")} ran no test`,
    consequence: "Nothing of what the suite is for was looked at.",
    remedy:
      "See that the command finds the tests in the image, and that not all of them are skipped; or take the suite out of tests.suites.",
    evidence: quoted(lines),
  };
}

function tooLong({ id, command, timeoutSeconds }: TestSuite, { lines }: SuiteEnd): Finding {
  return {
    id: "tests.time-limit",
    severity: "blocking",
    subject: `suite ${id}`,
    cause: `${command.join(" ")} must end within ${duration(timeoutSeconds)}; it was still at work and was killed`,
    consequence: "What the suite asks of the release is not known to hold in a deployed environment.",
    remedy: "See by its last lines what it waits for; a suite that needs longer sets timeoutSeconds in tests.suites.",
    evidence: quoted(lines),
  };
}

function unreadable({ id }: TestSuite, { lines }: SuiteEnd, error: unknown): Finding {
  return {
    id: "tests.report-unreadable",
    severity: "blocking",
    subject: `suite ${id}`,
    cause: `what it wrote to JUNIT_XML cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    consequence: "Which tests ran and how they ended is not known.",
    remedy: "Have its runner write JUnit's XML there, or nothing.",
    evidence: quoted(lines),
  };
}

function uncounted({ id, command }: TestSuite): Finding {
  return {
    id: "tests.uncounted",
    severity: "note",
    subject: `suite ${id}`,
    cause: `${command.join(" ")} does not tell how many tests it ran`,
    consequence: "A suite that no longer finds its tests would pass.",
    remedy: "Have its runner write JUnit's XML to the file that JUNIT_XML names.",
  };
}

function quoted(lines: readonly string[]): string[] {
  return lines.length === 0 ? ["nothing printed"] : lines.slice(-QUOTED_LINES);
}
