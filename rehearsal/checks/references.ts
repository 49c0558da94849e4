import { attributeOf, documentOf } from "./html.ts";

/** What a browser fetches to show an element. */
const ASSET_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  script: ["src"],
  img: ["src"],
  source: ["src"],
  video: ["src", "poster"],
  audio: ["src"],
  track: ["src"],
  embed: ["src"],
  iframe: ["src"],
  link: ["href"],
  use: ["href"],
  image: ["href"],
  object: ["data"],
};
/** Relations of a `link` that a browser fetches to show the page. */
const FETCHED_RELATIONS = /\b(?:stylesheet|icon|apple-touch-icon|preload|modulepreload|manifest)\b/i;

/** Paths (with query) on the same host of all that a page needs to be shown: styles, scripts, images, icons. */
export function assetsOf(html: string, path = "/"): string[] {
  const document = documentOf(html);
  const found: string[] = [];
  for (const element of document.querySelectorAll("*")) {
    const name = element.localName.toLowerCase();
    const attributes = ASSET_ATTRIBUTES[name];
    if (attributes === undefined) continue;
    if (name !== "link" || FETCHED_RELATIONS.test(attributeOf(element, "rel"))) {
      found.push(...attributes.map((attribute) => attributeOf(element, attribute)));
    }
    const candidates = attributeOf(element, "srcset").split(/,\s+/);
    found.push(...candidates.map((candidate) => candidate.trim().split(/\s/)[0] ?? ""));
  }
  for (const element of document.querySelectorAll("style")) found.push(...urlsOfStyle(element.textContent));
  return sameHost(found, path);
}

/** What a page says that files of the same host must hash to, by their path: the attribute `integrity`. */
export function integrityOf(html: string, path: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const element of documentOf(html).querySelectorAll("script, link")) {
    const integrity = attributeOf(element, "integrity");
    const [asset] = sameHost([attributeOf(element, "src") || attributeOf(element, "href")], path);
    if (integrity !== "" && asset !== undefined) found.set(asset, integrity);
  }
  return found;
}

/** Paths on the same host that a style sheet loads: images, fonts, other style sheets. */
export function assetsOfStyle(css: string, path: string): string[] {
  return sameHost(urlsOfStyle(css), path);
}

/**
 * Paths (with query) that a page's search forms lead to when they are sent: forms whose method is GET, on the same host.
 *
 * @param text what is typed into a field that has no value
 */
export function searchesOf(html: string, path: string, text: string): string[] {
  const document = documentOf(html);
  const forms = [...document.querySelectorAll("form")].filter((form) => methodOf(form) === "get");
  const sent = forms.flatMap((form) => {
    const fields = [...form.querySelectorAll("input, select, textarea")].flatMap((field) => fieldOf(field, text));
    if (fields.length === 0) return [];
    const [target = ""] = attributeOf(form, "action").split(/[?#]/);
    return [`${target}?${new URLSearchParams(fields).toString()}`];
  });
  return sameHost(sent, path);
}

/** How a form is sent, in small letters. */
export function methodOf(form: Element): string {
  return attributeOf(form, "method").toLowerCase() || "get";
}

/** A field as a form sends it that nobody has filled in but for `text`; none where it sends nothing then. */
function fieldOf(field: Element, text: string): [name: string, value: string][] {
  const [name, type] = [attributeOf(field, "name"), attributeOf(field, "type").toLowerCase()];
  if (name === "" || /^(?:submit|button|image|reset|file|checkbox|radio)$/.test(type)) return [];
  const value = attributeOf(field, "value");
  const typed = field.localName.toLowerCase() === "input" && /^(?:|text|search)$/.test(type);
  return [[name, value === "" && typed ? text : value]];
}

/** Paths (with query) on the same host that a page links to. */
export function linksOf(html: string, path: string): string[] {
  const document = documentOf(html);
  return sameHost(
    [...document.querySelectorAll("a")].map((link) => attributeOf(link, "href")),
    path,
  );
}

/**
 * Links in an API's answer: every text that is an absolute URL, and those that begin with a slash where their key says that
 * they are links.
 */
export function linksOfJson(value: unknown, key = ""): string[] {
  if (typeof value === "string") {
    if (/[\s{}]/.test(value)) return [];
    if (/^https?:\/\//.test(value)) return [value];
    return value.startsWith("/") && /^(?:next|prev(?:ious)?|self|first|last)$|url|href|link/i.test(key) ? [value] : [];
  }
  if (Array.isArray(value)) return value.flatMap((inner) => linksOfJson(inner, key));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => linksOfJson(inner, name));
}

function urlsOfStyle(css: string): string[] {
  const plain = css.replace(/\/\*[\s\S]*?\*\//g, "");
  const found = plain.matchAll(/url\(\s*(?:"([^"]*)"|'([^']*)'|([^"')\s]+))\s*\)|@import\s+(?:"([^"]+)"|'([^']+)')/g);
  return [...found].map((match) => match.slice(1).find(Boolean) ?? "");
}

/** Resolves references against a path, and leaves out those to other hosts, to data, and within the page. */
function sameHost(references: readonly string[], path: string): string[] {
  const base = new URL(path, "https://this-host.invalid");
  const paths = references.flatMap((reference) => {
    if (reference === "" || reference.startsWith("#") || !URL.canParse(reference, base)) return [];
    const { origin, pathname, search } = new URL(reference, base);
    return origin === base.origin ? [`${pathname}${search}`] : [];
  });
  return [...new Set(paths)];
}
