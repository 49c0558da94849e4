import { describe, expect, it } from "vitest";
import { readEntries } from "../../../../rehearsal/run/logs/entries.ts";

const TRACEBACK = [
  "Traceback (most recent call last):",
  '  File "/app/etl/worker.py", line 12, in run',
  "    load(row)",
  "ValueError: no such airport: XXX",
];

describe("log entries", () => {
  it("reads the level of records in JSON, with the exception's own words", () => {
    const line = JSON.stringify({
      level: "ERROR",
      logger: "etl.pipeline",
      message: "Run failed",
      exception: TRACEBACK.join("\n"),
    });
    expect(readEntries(`${line}\n`)).toEqual([
      { level: "error", message: "etl.pipeline: Run failed | ValueError: no such airport: XXX", sample: line },
    ]);
  });

  it("takes an answer of 500 and above in an access log for an error, and no other", () => {
    const answers = [200, 404, 502].map((status) => JSON.stringify({ method: "GET", path: "/flights/", status }));
    expect(readEntries(answers.join("\n")).map(({ level, message }) => `${level} ${message}`)).toEqual([
      "other ",
      "other ",
      "error GET /flights/ answered 502",
    ]);
  });

  it("joins a traceback and what was said before it to one error", () => {
    const entries = readEntries(["Exception in worker", ...TRACEBACK, "INFO going on"].join("\n"));
    expect(entries.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "error: Exception in worker | ValueError: no such airport: XXX",
      "other: INFO going on",
    ]);
  });

  it("joins chained tracebacks, whose last exception is the one that was seen", () => {
    const chained = [
      ...TRACEBACK,
      "",
      "During handling of the above exception, another exception occurred:",
      "",
      "Traceback (most recent call last):",
      '  File "/app/etl/worker.py", line 20, in main',
      "KeyError: 'code'",
    ];
    expect(readEntries(chained.join("\n"))).toMatchObject([{ level: "error", message: "KeyError: 'code'" }]);
  });

  it("joins the statement and the detail of PostgreSQL to its error, and leaves other processes' lines alone", () => {
    const text = [
      '2026-11-21 13:36:46.781 UTC [37] app@app gunicorn ERROR:  relation "flight" does not exist at character 15',
      "2026-11-21 13:36:46.781 UTC [37] app@app gunicorn STATEMENT:  SELECT *",
      "\tFROM flight",
      "2026-11-21 13:36:46.790 UTC [38] LOG:  checkpoint starting: time",
    ].join("\n");
    expect(readEntries(text).map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'error: relation "flight" does not exist at character 15 | SELECT *',
      "other: checkpoint starting: time",
    ]);
    expect(readEntries(text)[0]?.sample).toContain("\tFROM flight");
  });

  it("takes another collation version for an error, although PostgreSQL only warns", () => {
    const line =
      '2026-11-21 13:36:46.781 UTC [37] app@app psql WARNING:  database "app" has a collation version mismatch';
    expect(readEntries(line)).toMatchObject([{ level: "error" }]);
  });

  it("takes a restart of the server for none", () => {
    const line =
      "2026-11-21 13:36:46.781 UTC [37] app@app gunicorn FATAL:  terminating connection due to administrator command";
    expect(readEntries(line)).toMatchObject([{ level: "other" }]);
  });

  it("takes it for no warning that nginx writes a large body to a file", () => {
    const line =
      "2026/11/21 13:36:53 [warn] 89#89: *7 a client request body is buffered to a temporary file /tmp/client_body/0000000001, client: 10.0.0.2";
    expect(readEntries(line)).toMatchObject([{ level: "other" }]);
  });

  it("reads nginx's levels and leaves the client out", () => {
    const text = [
      '2026/11/21 13:36:53 [error] 89#89: *7 connect() failed (111: Connection refused), client: 10.0.0.1, server: x, request: "GET / HTTP/2.0"',
      "2026/11/21 13:36:53 [warn] 89#89: low on memory",
      "2026/11/21 13:36:53 [notice] 89#89: start worker processes",
    ].join("\n");
    expect(readEntries(text).map(({ level, message }) => `${level}: ${message}`)).toEqual([
      "error: connect() failed (111: Connection refused)",
      "warning: low on memory",
      "other: start worker processes",
    ]);
  });

  it.each([
    ["2026-11-21 13:36:53,120 ERROR worker lost", "error"],
    ["[2026-11-21 13:36:53 +0000] [7] [CRITICAL] WORKER TIMEOUT (pid:9)", "error"],
    ["/app/x.py:12: RuntimeWarning: naive datetime", "warning"],
    ["INFO: 10.0.0.1 - GET /errors HTTP/1.1 200 OK", "other"],
    ["0 errors, 0 warnings", "other"],
  ])("reads the level of a plain line: %s", (line, level) => {
    expect(readEntries(line)).toMatchObject([{ level }]);
  });
});
