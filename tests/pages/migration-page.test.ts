import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { migrationPage } from "../../rehearsal/report/migration-page.ts";
import { type NewBrowser, openBrowser } from "../browser/browser.ts";
import { Visitor } from "../browser/visitor.ts";
import { ABORTED, CLEAN, EMPTY, FAILING, HOSTILE, LARGE } from "../unit/rehearsal/report/rehearsals.ts";
import { contrasts } from "./contrast.ts";
import { openOn, SCREENS } from "./screens.ts";

const REHEARSALS = { clean: CLEAN, failing: FAILING, aborted: ABORTED, empty: EMPTY, large: LARGE, hostile: HOSTILE };

const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-pages-"));
let browser: NewBrowser;
let visitor: Visitor;

beforeAll(async () => {
  for (const [name, rehearsal] of Object.entries(REHEARSALS)) {
    writeFileSync(path.join(folder, `${name}.html`), await migrationPage(rehearsal));
  }
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

async function open(name: keyof typeof REHEARSALS, screen: (typeof SCREENS)[number]): Promise<void> {
  await openOn(visitor, path.join(folder, `${name}.html`), screen);
}

describe("the page of a rehearsal of migrations", () => {
  describe.each(SCREENS)("on a $screen screen", (screen) => {
    it.each(Object.keys(REHEARSALS) as (keyof typeof REHEARSALS)[])("fits and can be read: %s", async (name) => {
      await open(name, screen);
      await visitor.screenshot(`migration-${name}-${screen.screen}`);
      await visitor.page.evaluate(() => {
        for (const details of document.querySelectorAll("details")) details.open = true;
      });
      const content = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
      expect(content, "nothing is wider than the screen").toBeLessThanOrEqual(screen.width);
      const verdict = await visitor.page.locator("h1").boundingBox();
      expect(
        (verdict?.y ?? Number.POSITIVE_INFINITY) + (verdict?.height ?? 0),
        "the verdict is seen first",
      ).toBeLessThan(900);
      expect(await visitor.page.locator("h1").textContent()).toMatch(/^(Passed|Failed): /);
      const faint = (await contrasts(visitor.page)).filter(({ ratio }) => ratio < 4.5);
      expect(faint, "texts stand out from their ground").toEqual([]);
    });

    it("draws the timeline once, in the form for its width", async () => {
      await open("failing", screen);
      const plots = visitor.page.locator("#timeline svg");
      const boxes = (await Promise.all((await plots.all()).map((plot) => plot.boundingBox()))).filter(
        (box) => box !== null,
      );
      expect(boxes).toHaveLength(3);
      for (const { width, height } of boxes) {
        expect(width).toBeGreaterThan(screen.width * 0.7);
        expect(height).toBeGreaterThan(60);
      }
      const bars = visitor.page.locator("#timeline figure:nth-of-type(1) rect:visible");
      expect(await bars.count()).toBeGreaterThanOrEqual(7);
    });
  });

  it("can be printed with nothing folded", async () => {
    await open("failing", SCREENS[0]);
    const folded = visitor.page.locator("details:not([open])");
    const before = await folded.count();
    expect(before).toBeGreaterThan(0);
    await visitor.page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    expect(await folded.count()).toBe(0);
    await visitor.page.evaluate(() => dispatchEvent(new Event("afterprint")));
    expect(await folded.count()).toBe(before);
    await visitor.page.emulateMedia({ media: "print" });
    expect((await visitor.page.pdf({ format: "A4" })).subarray(0, 5).toString()).toBe("%PDF-");
  });
});
