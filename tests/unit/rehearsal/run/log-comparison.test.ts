import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { deployedAt } from "../../../../rehearsal/run/logs/collect.ts";
import { type LogSummary, logFindings } from "../../../../rehearsal/run/logs/compare.ts";
import { type LogEntry, readEntries } from "../../../../rehearsal/run/logs/entries.ts";
import { earlierLogs, keepLogs } from "../../../../rehearsal/run/logs/keep.ts";
import { findPatterns, wordsOf } from "../../../../rehearsal/run/logs/patterns.ts";
import { isProbe } from "../../../../rehearsal/run/logs/probes.ts";

const error = (message: string): LogEntry => ({ level: "error", message, sample: message });
const times = (count: number, message: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => error(message(index)));

function summary(release: string, entries: readonly LogEntry[], hours = 1): LogSummary {
  const takenAt = `2026-11-21T0${release.length}:00:00.000Z`;
  return { version: 1, environment: "e", release, takenAt, hours, patterns: findPatterns("app", entries) };
}

describe("what of a log counts", () => {
  it("begins when the first service that runs the release was changed, and not with a gateway that is older", () => {
    const services = [
      { release: true, modified: "2026-11-21T13:36:52.067Z" },
      { release: true, modified: "2026-11-21T13:36:50.900Z" },
      { release: false, modified: "2026-11-20T08:00:00.000Z" },
    ];
    expect(deployedAt(services)).toBe(Date.parse("2026-11-21T13:36:45Z") / 1000);
    expect(deployedAt([{ release: true, modified: "" }])).toBe(0);
  });

  it("leaves out requests that a check made to be refused", () => {
    expect(isProbe(error("Invalid HTTP_HOST header: 'unknown-host.invalid'"))).toBe(true);
    expect(isProbe(error("Not Found: /there-is-no-such-page-a7f3/"))).toBe(true);
    expect(isProbe(error("Invalid HTTP_HOST header: 'www.example.com'"))).toBe(false);
    expect(isProbe(error("Not Found: /flights/invalid"))).toBe(false);
  });

  it("leaves out statements that the rehearsal itself made, and those of nobody else", () => {
    const line = (application: string) =>
      `2026-11-21 18:33:01.123 UTC [77] report@app ${application} ERROR:  permission denied for table run`;
    const [own, other] = readEntries([line("rehearse"), line("gunicorn")].join("\n"));
    expect(own !== undefined && isProbe(own)).toBe(true);
    expect(other !== undefined && isProbe(other)).toBe(false);
  });
});

describe("patterns of a log", () => {
  it("takes out what varies: times, numbers, addresses, identifiers", () => {
    const message =
      "request 550e8400-e29b-41d4-a716-446655440000 of 10.0.0.7:443 by ann@example.com took 12.5 at 2026-11-21T13:36:46.781Z 0xff9a";
    expect(wordsOf(message).join(" ")).toBe("request <*> of <*> by <*> took <*> at <*> <*>");
  });

  it("joins entries that differ in a name, and keeps apart what says another thing", () => {
    const patterns = findPatterns("app", [
      error("etl: could not load file january.csv again"),
      error("etl: could not load file february.csv again"),
      error("web: nobody is listening on the queue"),
    ]);
    expect(patterns.map(({ words, count }) => `${count} ${words.join(" ")}`)).toEqual([
      "2 etl: could not load file <*> again",
      "1 web: nobody is listening on the queue",
    ]);
  });
});

describe("a release's log against the one before", () => {
  it("finds nothing in what the release before logged as often", () => {
    const before = summary(
      "a",
      times(10, (index) => `slow query ${index} of the report page`),
    );
    const now = summary(
      "bb",
      times(12, (index) => `slow query ${index + 50} of the report page`),
    );
    expect(logFindings(now, before)).toEqual([]);
  });

  it("stops a release that logs a new error, with a sample", () => {
    const before = summary("a", [error("slow query of the report page")]);
    const [finding, ...others] = logFindings(summary("bb", [error("mail server does not answer")]), before);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      id: "log.new-error",
      severity: "blocking",
      subject: "app: mail server does not answer",
      evidence: ["mail server does not answer"],
    });
    expect(finding?.cause).toContain("release a did not");
  });

  it("says that a new error is an attempt to send mail, or to reach something else, which is not there", () => {
    const before = summary("a", []);
    const told = (words: string) => logFindings(summary("bb", [error(words)]), before)[0];
    const mail = told("The cycle failed | smtplib.py | gaierror: [Errno -3] Temporary failure in name resolution");
    expect(mail?.cause).toMatch(/; it tries to send mail$/);
    expect(mail?.consequence).toContain("everybody whom the stored rows name");
    expect(told("no rates | gaierror: Name or service not known")?.cause).toMatch(/reach something outside of the env/);
  });

  it("stops a release that logs a known error much more often, for the time that it runs", () => {
    const before = summary(
      "a",
      times(4, () => "mail server does not answer"),
      1,
    );
    expect(
      logFindings(
        summary(
          "bb",
          times(30, () => "mail server does not answer"),
          1,
        ),
        before,
      ),
    ).toMatchObject([{ id: "log.more-errors", severity: "blocking" }]);
    expect(
      logFindings(
        summary(
          "bb",
          times(30, () => "mail server does not answer"),
          10,
        ),
        before,
      ),
    ).toEqual([]);
  });

  it("lets a known error pass that is a little more frequent, however many entries that makes", () => {
    const before = summary(
      "a",
      times(100, () => "mail server does not answer"),
    );
    expect(
      logFindings(
        summary(
          "bb",
          times(130, () => "mail server does not answer"),
        ),
        before,
      ),
    ).toEqual([]);
  });

  it("takes every error for one to mend where there is no release before, and warnings for notes", () => {
    const warning: LogEntry = { level: "warning", message: "deprecated setting", sample: "deprecated setting" };
    expect(logFindings(summary("bb", [error("no mail"), warning]), undefined)).toMatchObject([
      { id: "log.new-error", severity: "blocking" },
      { id: "log.new-warning", severity: "note" },
    ]);
  });

  it("compares with the newest other release that was kept, and overlooks broken files", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-logs-"));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    for (const release of ["a", "bb", "ccc"]) await keepLogs(folder, summary(release, [error(`of ${release}`)]));
    writeFileSync(path.join(folder, "logs-e-broken.json"), "{");
    expect((await earlierLogs(folder, "e", "ccc"))?.release).toBe("bb");
    expect(await earlierLogs(folder, "other", "ccc")).toBeUndefined();
    expect(await earlierLogs(path.join(folder, "absent"), "e", "ccc")).toBeUndefined();
  });
});
