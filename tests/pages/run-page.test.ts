import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runPage } from "../../rehearsal/report/run-page.ts";
import { statisticsPage } from "../../rehearsal/report/statistics-page.ts";
import { releaseStatistics } from "../../rehearsal/statistics/statistics.ts";
import { type NewBrowser, openBrowser } from "../browser/browser.ts";
import { Visitor } from "../browser/visitor.ts";
import { BEFORE, FIRST, HOSTILE, PASSED, STOPPED } from "../unit/rehearsal/run/runs.ts";
import { contrasts } from "./contrast.ts";
import { openOn, SCREENS } from "./screens.ts";

const REPORTS = { passed: PASSED, stopped: STOPPED, first: FIRST, hostile: HOSTILE };
const RUNS = [BEFORE, { ...STOPPED.result, startedAt: "2026-11-21T02:00:00.000Z", seconds: 40 }, PASSED.result];
const INCIDENTS = [
  { at: "2026-11-20T18:00:00Z", release: "0823e298004d", what: "Checkout answered 500.", wouldBeCaughtBy: "load" },
];
const PAGES = [...Object.keys(REPORTS), "statistics"];

const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-run-pages-"));
let browser: NewBrowser;
let visitor: Visitor;

beforeAll(async () => {
  for (const [name, report] of Object.entries(REPORTS)) {
    writeFileSync(path.join(folder, `${name}.html`), runPage(report));
  }
  const statistics = releaseStatistics(RUNS, INCIDENTS);
  const madeAt = "2026-11-21T12:00:00Z";
  writeFileSync(
    path.join(folder, "statistics.html"),
    await statisticsPage({ statistics, runs: RUNS, incidents: INCIDENTS, madeAt }),
  );
  browser = await openBrowser();
});

afterAll(async () => {
  await (browser as NewBrowser | undefined)?.close();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  visitor = await Visitor.in(browser.context);
});

afterEach(async () => {
  await visitor.page.close();
  expect(visitor.problems()).toEqual([]);
});

async function open(name: string, screen: (typeof SCREENS)[number]): Promise<void> {
  await openOn(visitor, path.join(folder, `${name}.html`), screen);
}

describe("the page of a rehearsal", () => {
  describe.each(SCREENS)("on a $screen screen", (screen) => {
    it.each(PAGES)("fits and can be read: %s", async (name) => {
      await open(name, screen);
      await visitor.screenshot(`run-${name}-${screen.screen}`);
      await visitor.page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      const content = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
      expect(content, "nothing is wider than the screen").toBeLessThanOrEqual(screen.width);
      const heading = await visitor.page.locator("h1").boundingBox();
      expect((heading?.y ?? 9999) + (heading?.height ?? 0), "the verdict is seen first").toBeLessThan(900);
      const faint = (await contrasts(visitor.page)).filter(({ ratio }) => ratio < 4.5);
      expect(faint, "texts stand out from their ground").toEqual([]);
    });

    it("draws the statistics' plot once, with every rehearsal", async () => {
      await open("statistics", screen);
      const plots = (await visitor.page.locator("#time svg").all()).map(async (plot) => await plot.boundingBox());
      const [box, ...more] = (await Promise.all(plots)).filter((found) => found !== null);
      expect(more).toEqual([]);
      expect(box?.width).toBeGreaterThan(screen.width * 0.6);
      expect(await visitor.page.locator("#time svg:visible [aria-label=dot] path:visible").count()).toBe(RUNS.length);
    });
  });

  it("shows what blocks before what does not", async () => {
    await open("stopped", SCREENS[0]);
    expect(await visitor.page.locator("#findings .finding .id").allTextContents()).toEqual([
      "drift.variable",
      "log.slow",
      "log.note",
    ]);
    expect(await visitor.page.locator("#decision li").allTextContents()).toEqual([
      "Do not approve: 1 finding would do harm in production.",
      "There is no evidence for a release gate: drift did not pass.",
      "Decide on the warning about a slow query: it takes twice as long",
      "Not run: load at production's limits; the calendar has it next on 2026-11-24; evidence needs it.",
      "Not looked at: step prepare; nothing to look at.",
      "The sources differ from commit 0c9ad1b7a2f0: nobody can review them there.",
    ]);
  });

  it("is printed with nothing folded, without a script", async () => {
    await open("stopped", SCREENS[0]);
    expect(await visitor.page.locator("script").count()).toBe(0);
    const evidence = visitor.page.locator(".finding details pre").first();
    // Not by its box: a folded part that was laid out before has one, though nobody sees it.
    expect(await evidence.isVisible()).toBe(false);
    await visitor.page.emulateMedia({ media: "print" });
    expect(await evidence.isVisible()).toBe(true);
    expect((await visitor.page.pdf({ format: "A4" })).subarray(0, 5).toString()).toBe("%PDF-");
  });
});
