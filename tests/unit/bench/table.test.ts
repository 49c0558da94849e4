import { describe, expect, it } from "vitest";
import { table } from "../../../bench/table.ts";

describe("the table", () => {
  it("shows medians with their range, the ratio and whether the target is met, in aligned columns", () => {
    const text = table([
      {
        what: "up",
        unit: "s",
        ours: [21, 20, 24],
        peer: [10, 10.5, 11],
        target: { text: "≤ 2 × peer", met: true },
      },
      { what: "lost", unit: "requests", ours: [3], peer: [0], target: { text: "0", met: false } },
      { what: "page p99", unit: "ms", ours: [17.4] },
    ]);
    expect(text.split("\n")).toEqual([
      "          ours                        peer                        ours / peer  target",
      "──────────────────────────────────────────────────────────────────────────────────────────────",
      "up        21.00 s (20.00–24.00, n=3)  10.50 s (10.00–11.00, n=3)  2.00         ≤ 2 × peer: met",
      "lost      3                           0                                        0: missed",
      "page p99  17 ms",
    ]);
  });
});
