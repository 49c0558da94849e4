import { pathToFileURL } from "node:url";
import type { Visitor } from "../browser/visitor.ts";

/** Where pages are read. */
export const SCREENS = [
  { screen: "light", scheme: "light", width: 1280 },
  { screen: "dark", scheme: "dark", width: 1280 },
  { screen: "telephone", scheme: "light", width: 390 },
  { screen: "dark-telephone", scheme: "dark", width: 360 },
] as const;

/** Opens a file as somebody with that screen sees it. */
export async function openOn(
  { page }: Visitor,
  file: string,
  { scheme, width }: (typeof SCREENS)[number],
): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme });
  await page.setViewportSize({ width, height: 900 });
  await page.goto(pathToFileURL(file).href);
}
