import { describe, expect, test } from "vitest";
import { formatDuration, nanoseconds, parseDuration } from "../../../../../toolchain/plugins/docker/durations.ts";

describe("durations", () => {
  test.each([
    ["0", 0],
    ["0s", 0],
    ["500ms", 500e6],
    ["1s500ms", 1.5e9],
    ["1.5s", 1.5e9],
    ["1m30s", 90e9],
    ["2h", 7200e9],
    ["1h1m1s", 3661e9],
    ["10us", 10e3],
    ["7ns", 7],
  ])("reads %s", (value, expected) => {
    expect(parseDuration(value)).toBe(expected);
  });

  test.each(["", "soon", "5", "-1s", "1 s", "1s5", "1.2.3s"])('does not take "%s" for one', (value) => {
    expect(parseDuration(value)).toBeUndefined();
  });

  test.each(["0s", "7ns", "10µs", "500ms", "1.5s", "1m30s", "2h", "1h1m1s"])("writes %s as it reads it", (value) => {
    expect(formatDuration(parseDuration(value) ?? Number.NaN)).toBe(value);
  });

  test("say how to write one", () => {
    expect(() => nanoseconds("soon")).toThrow('"soon" is not a duration. Write numbers with units');
    expect(nanoseconds(undefined)).toBeUndefined();
  });
});
