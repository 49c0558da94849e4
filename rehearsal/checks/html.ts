import { parseHTML } from "linkedom";

/** Several things are looked for in one page after the other; parsing takes as long as all of them. */
const KEPT = 4;
const kept = new Map<string, Document>();

/** A page as a tree, which is not to be changed: the same text gives the same tree for a while. */
export function documentOf(html: string): Document {
  const known = kept.get(html);
  // A fragment has no root for a document to begin with.
  const document = known ?? parseHTML(/<html\b/i.test(html) ? html : `<html><body>${html}</body></html>`).document;
  kept.delete(html);
  kept.set(html, document);
  for (const [oldest] of kept) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
  }
  return document;
}

/** An attribute however it is written; the parser keeps capitals. */
export function attributeOf(element: Element, name: string): string {
  return [...element.attributes].find((attribute) => attribute.name.toLowerCase() === name)?.value ?? "";
}
