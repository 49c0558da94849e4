import { describe, expect, it } from "vitest";
import { detectorOf } from "../../faults/harness/detectors.ts";
import type { FaultClass, FaultRecord } from "../../faults/harness/fault.ts";
import { detectorsOf, type FaultResult, verdictOf, without } from "../../faults/harness/results.ts";
import { faultPage, faultTable } from "../../faults/harness/table.ts";

function result(
  tests: readonly { passed: boolean; record?: FaultRecord }[],
  name: FaultClass = "configuration",
): FaultResult {
  return {
    fault: { id: "C3", class: name, title: "DEBUG is on", covers: "settings | for development" },
    takenAt: "2026-01-01T00:00:00.000Z",
    tests: tests.map(({ passed, record = {} }, index) => ({
      title: `test ${index}`,
      passed,
      seconds: 2,
      record,
      error: "",
    })),
  };
}

describe("what a fault counts as", () => {
  it("is caught where every test passed, siblings as well", () => {
    expect(verdictOf(result([{ passed: true }, { passed: true }]))).toBe("caught");
  });

  it("is missed where a rehearsal found nothing, and a wrong cause where it found something else", () => {
    expect(verdictOf(result([{ passed: true }, { passed: false, record: { found: [] } }]))).toBe("missed");
    expect(verdictOf(result([{ passed: false, record: { found: ["web.page"] } }]))).toBe("wrong cause");
  });

  it("is not shown where the twin did not break", () => {
    expect(verdictOf(result([{ passed: false, record: {} }]))).toBe("not shown");
  });

  it("is a false alarm where a clean release was stopped", () => {
    expect(verdictOf(result([{ passed: false, record: { found: ["web.page"] } }], "clean releases"))).toBe(
      "false alarm",
    );
    expect(verdictOf(result([{ passed: true }], "clean releases"))).toBe("clean");
  });
});

describe("a detector left out", () => {
  const results = {
    "c3.test.ts": result([
      { passed: true, record: { found: ["app.debug-off", "log.new-error"], named: ["CC", "LG"] } },
      { passed: true, record: { found: ["app.debug-off"], named: ["CC"] } },
      { passed: true },
    ]),
  };

  it("leaves caught what another one names too, and what no detector is noted for", () => {
    const tests = without(results, "LG")["c3.test.ts"]?.tests ?? [];
    expect(tests.map(({ passed }) => passed)).toEqual([true, true, true]);
  });

  it("loses what it alone has named", () => {
    const reduced = without(results, "CC")["c3.test.ts"];
    expect(reduced?.tests.map(({ passed }) => passed)).toEqual([true, false, true]);
    expect(reduced === undefined ? "" : verdictOf(reduced)).toBe("missed");
    expect(reduced === undefined ? [] : detectorsOf(reduced)).toEqual(["LG"]);
  });
});

describe("the detector that a finding is of", () => {
  it.each([
    ["migration.aborts.nulls", "RH"],
    ["old-code.breaks", "MX"],
    ["web.page", "CC"],
    ["database.roles", "CC"],
    ["database.key-headroom", "DB"],
    ["image.imports", "IMG"],
    ["health.database-away", "NP"],
    ["log.new-error", "LG"],
    ["drift.port", "DR"],
  ])("%s is of %s", (id, detector) => {
    expect(detectorOf(id)).toBe(detector);
  });
});

describe("the table and the page", () => {
  const results = {
    "c3.test.ts": result([{ passed: true, record: { named: ["CC"] } }, { passed: true }]),
    "clean.test.ts": result([{ passed: false }], "clean releases"),
  };

  it("have a part for each class, with a sum", () => {
    expect(faultTable(results)).toEqual([
      "configuration: 1 caught",
      "  C3  DEBUG is on  2/2  caught       CC  4 s",
      "clean releases: 1 false alarm",
      "  C3  DEBUG is on  0/1  false alarm      2 s",
      "",
      "all: 1 caught, 1 false alarm",
    ]);
  });

  it("say what the detectors cover, whatever characters that is in", () => {
    const page = faultPage(results);
    expect(page).toContain("| C3 | DEBUG is on | 2 of 2 | caught | CC | settings \\| for development |");
    expect(page).toContain("| configuration | 1 | 2 | 1 | 0 | 0 | 0 |");
    expect(page).not.toContain("| clean releases | 1 |");
  });
});
