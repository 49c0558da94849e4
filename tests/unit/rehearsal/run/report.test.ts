import { describe, expect, it } from "vitest";
import { runMarkdown } from "../../../../rehearsal/report/run-markdown.ts";
import { runPage } from "../../../../rehearsal/report/run-page.ts";
import { compareRuns } from "../../../../rehearsal/run/comparison.ts";
import { BEFORE, FIRST, HOSTILE, PASSED, run, STOPPED, step } from "./runs.ts";

describe("the comparison with the release before", () => {
  it("takes the newest earlier run of another release in the same environment", () => {
    const others = [
      run({ release: "old", startedAt: "2026-11-19T09:30:00.000Z" }),
      BEFORE,
      run({ release: "elsewhere", environment: "shop-other", startedAt: "2026-11-21T08:00:00.000Z" }),
      run({ startedAt: "2026-11-21T09:00:00.000Z" }),
      run({ release: "later", startedAt: "2026-11-22T09:30:00.000Z" }),
    ];
    expect(compareRuns(run(), others)?.before).toBe(BEFORE);
    expect(compareRuns(run(), [])).toBeUndefined();
  });

  it("names times, figures, migrations and findings that changed", () => {
    const { comparison } = STOPPED;
    expect(comparison?.steps).toContainEqual({ name: "step drift", before: null, now: 2 });
    expect(PASSED.comparison?.figures).toEqual([{ name: "entries of the log", before: 900, now: 1080 }]);
    expect(comparison?.migrations).toEqual(["shop.0002_price"]);
    expect(comparison?.appeared.map(({ id }) => id)).toEqual(["log.slow", "drift.variable"]);
    expect(comparison?.gone.map(({ id }) => id)).toEqual(["log.new-warning"]);
  });

  it("takes nothing for gone that a step which did not run would have found", () => {
    const now = run({ steps: [step("logs", { status: "skipped" })] });
    expect(compareRuns(now, [BEFORE])?.gone).toEqual([]);
  });
});

describe("the Markdown of a rehearsal", () => {
  it("says the verdict, what there is to decide, and findings with what blocks first", () => {
    const text = runMarkdown(STOPPED);
    const places = ["Stopped: release", "Do not approve", "drift.variable", "log.slow", "log.note"].map((word) =>
      text.indexOf(word),
    );
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    expect(places).not.toContain(-1);
  });

  it("keeps markup, mentions and table cells of what it quotes as text", () => {
    const text = runMarkdown(HOSTILE);
    expect(text).not.toContain("<script>");
    expect(text).not.toContain("@team");
    expect(text).not.toContain("\u001b");
    const [row = ""] = text.split("\n").filter((line) => line.startsWith("| ✗"));
    expect(row.replaceAll("\\|", "").split("|")).toHaveLength(7);
  });

  it("says when nothing was compared, and why there is no evidence", () => {
    const text = runMarkdown(FIRST);
    expect(text).toContain("no release before to compare with");
    expect(text).toContain("There is no evidence");
  });
});

describe("the page of a rehearsal", () => {
  it("shows what it quotes as text", () => {
    expect(runPage(HOSTILE)).not.toContain("<script");
    expect(runPage(HOSTILE)).toContain("&lt;script&gt;");
  });
});
