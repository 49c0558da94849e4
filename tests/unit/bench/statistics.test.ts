import { describe, expect, it } from "vitest";
import { atMostTimes, below, median } from "../../../bench/statistics.ts";

describe("a median", () => {
  it("is the middle of an odd number of samples, whatever their order", () => {
    expect(median([9, 1, 5])).toBe(5);
  });

  it("is the mean of the middle two of an even number", () => {
    expect(median([4, 1, 3, 10])).toBe(3.5);
  });

  it("leaves the samples in their order", () => {
    const samples = [3, 1, 2];
    median(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  it("refuses no samples at all", () => {
    expect(() => median([])).toThrow("at least one sample");
  });
});

describe("a target", () => {
  it("is held against the median, not against the worst run", () => {
    expect(below(4, "s", [3, 3.5, 9])).toEqual({ text: "< 4 s", met: true });
    expect(below(4, "s", [4])).toEqual({ text: "< 4 s", met: false });
  });

  it("against the peer includes the limit itself", () => {
    expect(atMostTimes(2, [20], [10])).toEqual({ text: "≤ 2 × peer", met: true });
    expect(atMostTimes(2, [20.1], [10]).met).toBe(false);
  });
});
