import { describe, expect, it } from "vitest";
import { duringRun } from "../../../../rehearsal/migration/traffic.ts";

describe("operations under traffic", () => {
  const at = (seconds: number, took: number, error: string | null = null) => ({
    operation: "GET /",
    at: seconds,
    seconds: took,
    error,
  });

  it("are those that had not ended when the run began, with what they usually take", () => {
    const operations = [at(90, 0.1), at(91, 0.3), at(92, 0.2), at(99.5, 2), at(102, 0.4, "Error: no")];
    expect(duringRun(operations, 100)).toEqual([
      { operation: "GET /", start: -0.5, seconds: 2, usual: 0.2 },
      { operation: "GET /", start: 2, seconds: 0.4, usual: 0.2, error: "Error: no" },
    ]);
  });

  it("usually take no time where none was seen before the run", () => {
    expect(duringRun([at(101, 1)], 100)).toEqual([{ operation: "GET /", start: 1, seconds: 1, usual: 0 }]);
  });
});
