import { describe, expect, it } from "vitest";
import type { TestSuite } from "../../../../rehearsal/run/tests/functional-tests.ts";
import { readJunit } from "../../../../rehearsal/run/tests/junit.ts";
import { type SuiteEnd, suiteOutcome, testsTold } from "../../../../rehearsal/run/tests/suite-findings.ts";

const SUITE: TestSuite = { id: "api", command: ["pytest", "api"], timeoutSeconds: 60, database: "environment" };

// As pytest writes it.
const REPORT = `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4">
<testcase classname="test_api" name="test_schema" time="0.1" />
<testcase classname="test_api" name="test_pages[airports]" time="0.2"><failure message="AssertionError: assert 49 == 50&#10;  more">def test_pages():
&gt;   assert 49 == 50
E   assert 49 == 50</failure></testcase>
<testcase classname="test_api" name="test_links" time="0.2"><error message="failed on setup with &quot;ConnectionError&quot;: 9 &gt; 20 &amp;amp; more"><![CDATA[a < b]]></error></testcase>
<testcase classname="test_api" name="test_later" time="0"><skipped type="pytest.skip" message="not yet">reason</skipped></testcase>
</testsuite></testsuites>`;

function ended(known: Partial<SuiteEnd>): SuiteEnd {
  return { exitCode: 0, timedOut: false, report: undefined, lines: [], ...known };
}

function told(known: Partial<SuiteEnd>): string[] {
  return suiteOutcome(SUITE, ended(known)).findings.map(
    ({ id, severity, subject, cause }) => `${severity} ${id} ${subject}: ${cause}`,
  );
}

describe("a report in JUnit's XML", () => {
  it("tells of each test how it ended", () => {
    expect(readJunit(REPORT).map(({ name, status, message }) => `${name} ${status} ${message}`.trim())).toEqual([
      "test_api.test_schema passed",
      "test_api.test_pages[airports] failed AssertionError: assert 49 == 50",
      'test_api.test_links failed failed on setup with "ConnectionError": 9 > 20 &amp; more',
      "test_api.test_later skipped",
    ]);
  });

  it("may have a single suite as its root, and suites in suites", () => {
    const inner = '<testsuite tests="1"><testcase name="works"/></testsuite>';
    expect(readJunit(inner).map(({ name }) => name)).toEqual(["works"]);
    expect(readJunit(`<testsuite tests="1">${inner}</testsuite>\n`)).toHaveLength(1);
  });

  it.each([
    ["nothing", "", "found no XML"],
    ["another document", "<html><testcase/></html>", 'found "html"'],
    ["one that was cut off", REPORT.slice(0, 500), "must end with </testsuites>"],
    ["one that lacks tests", '<testsuite name="all" tests="3"><testcase name="a"/></testsuite>', "says 3 and holds 1"],
  ])("is refused where it is %s", (_what, xml, reason) => {
    expect(() => readJunit(xml)).toThrow(reason);
  });
});

describe("a suite", () => {
  it("that passed gives its number of tests and nothing to mend", () => {
    const report = '<testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite>';
    expect(suiteOutcome(SUITE, ended({ report }))).toEqual({ ran: 2, findings: [] });
  });

  it("names each failed test with what it said", () => {
    expect(told({ report: REPORT, exitCode: 1 })).toEqual([
      "blocking tests.failed suite api, test_api.test_pages[airports]: AssertionError: assert 49 == 50",
      'blocking tests.failed suite api, test_api.test_links: failed on setup with "ConnectionError": 9 > 20 &amp; more',
    ]);
    const [finding] = suiteOutcome(SUITE, ended({ report: REPORT })).findings;
    expect(finding?.evidence).toEqual(["def test_pages():", ">   assert 49 == 50", "E   assert 49 == 50"]);
  });

  it("that fails as a whole is told by some tests, and the number of the others", () => {
    const cases = Array.from({ length: 30 }, (_, number) => `<testcase name="t${number}"><failure/></testcase>`);
    const findings = told({ report: `<testsuite tests="30">${cases.join("")}</testsuite>` });
    expect(findings).toHaveLength(21);
    expect(findings[0]).toBe("blocking tests.failed suite api, t0: the test failed and does not say why");
    expect(findings.at(-1)).toBe("blocking tests.failed suite api, 10 more tests: they failed as well");
  });

  it.each<[string, Partial<SuiteEnd>, string]>([
    ["ran no test by its report", { report: '<testsuite tests="0"/>', exitCode: 5 }, "tests.none-ran"],
    [
      "skipped all of its tests",
      { report: '<testsuite tests="1"><testcase name="a"><skipped/></testcase></testsuite>' },
      "tests.none-ran",
    ],
    ["ran no test by what it printed", { lines: ["Ran 0 tests in 0.000s", "", "OK"] }, "tests.none-ran"],
    ["failed without a report", { exitCode: 1, lines: ["Traceback"] }, "tests.suite-failed"],
    [
      "failed although its tests passed",
      { exitCode: 2, report: '<testsuite tests="1"><testcase name="a"/></testsuite>' },
      "tests.suite-failed",
    ],
    ["wrote something else than a report", { report: "{}" }, "tests.report-unreadable"],
    ["took too long", { exitCode: 137, timedOut: true, lines: ["waiting"] }, "tests.time-limit"],
  ])("that %s stops the release", (_what, end, id) => {
    const { findings } = suiteOutcome(SUITE, ended(end));
    expect(findings.map((finding) => `${finding.severity} ${finding.id}`)).toEqual([`blocking ${id}`]);
  });

  it("is believed without a report where it says how many tests ran", () => {
    expect(told({ lines: ["Ran 12 tests in 3.1s", "OK"] })).toEqual([]);
    expect(told({ lines: ["all good"] })).toEqual([
      "note tests.uncounted suite api: pytest api does not tell how many tests it ran",
    ]);
  });
});

it.each<[string, string[], number | undefined]>([
  ["unittest", ["Ran 12 tests in 3.104s", "", "OK"], 12],
  ["unittest that skips", ["Ran 3 tests in 0.1s", "", "OK (skipped=3)"], 0],
  ["unittest that fails and skips", ["Ran 9 tests in 0.1s", "", "FAILED (failures=1, skipped=2)"], 7],
  ["two runs of unittest", ["Ran 2 tests in 1s", "OK", "Ran 1 test in 1s", "OK"], 3],
  ["pytest", ["===== 2 failed, 10 passed, 1 skipped, 3 warnings in 4.20s ====="], 12],
  ["pytest without tests", ["====== no tests ran in 0.01s ======"], 0],
  ["pytest that skips", ["===== 4 skipped in 0.01s ====="], 0],
  ["mocha", ["  14 passing (3s)", "  2 failing"], 16],
  ["TAP", ["# tests 3", "# pass 2", "# fail 1"], 3],
  ["something else", ["10 apples passed the test", "done"], undefined],
])("reads how many tests %s ran", (_runner, lines, ran) => {
  expect(testsTold(lines)).toBe(ran);
});
