import { expect, it } from "vitest";
import { duration } from "../../../components/durations.ts";

it.each([
  [0, "0s"],
  [1, "1s"],
  [60, "1m"],
  [90, "1m30s"],
  [3600, "1h"],
  [3661, "1h1m1s"],
  [7205, "2h5s"],
])("writes %i seconds as the engine does: %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
