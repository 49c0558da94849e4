import type { Page } from "playwright-core";

/** The contrast of a text that is to be seen, as WCAG 2 defines it: from 1 to 21. */
interface Contrast {
  readonly text: string;
  readonly ratio: number;
}

/** The contrasts of all texts of a page, outside of drawings, with the opaque colour that is next behind them. */
export async function contrasts(page: Page): Promise<Contrast[]> {
  return await page.evaluate(() => {
    const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = (colour: string) => {
      const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
        const part = channel / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = (element: Element): string => {
      for (let behind: Element | null = element; behind !== null; behind = behind.parentElement) {
        const colour = getComputedStyle(behind).backgroundColor;
        if (channels(colour)[3] !== 0) return colour;
      }
      return "rgb(255, 255, 255)";
    };
    const found: { text: string; ratio: number }[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      const text = node.textContent?.trim() ?? "";
      if (text === "" || parent === null || parent.closest("svg, script") !== null || !parent.checkVisibility())
        continue;
      const levels = [luminance(getComputedStyle(parent).color), luminance(ground(parent))];
      found.push({ text, ratio: (Math.max(...levels) + 0.05) / (Math.min(...levels) + 0.05) });
    }
    return found;
  });
}
