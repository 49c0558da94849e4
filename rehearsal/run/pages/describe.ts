import { z } from "zod";
import type { Answer } from "../../checks/gateway-client.ts";
import { documentOf } from "../../checks/html.ts";
import { assetsOf } from "../../checks/references.ts";
import { promisesOf } from "./api-description.ts";
import { blockedParts } from "./content-policy.ts";
import { formsOf } from "./forms.ts";

/** What of an answer its readers rely on, and none of its words. */
export const ANSWER = z.object({
  status: z.number(),
  /** Media type without parameters. */
  type: z.string(),
  /** Security headers that it has, and what it says of caches. */
  headers: z.array(z.string()),
  /** Addresses of mail that stand in it, each once. */
  mailAddresses: z.number(),
  /** Whether it asks search engines to leave it out. */
  hidden: z.boolean(),
  /** Of HTML: what its Content-Security-Policy keeps browsers from using. */
  blocked: z.array(z.string()),
  /** Of HTML: forms that are sent with POST, by where to. */
  forms: z.record(z.string(), z.enum(["token", "bare"])),
  /** Of HTML: whether a file that it is shown with has a name, or a query, that changes with its content; nothing without files. */
  versioned: z.boolean().optional(),
  /** Of an API's description: what it promises. */
  promises: z.array(z.string()),
  /** Of JSON: `key: type` by the way to it, such as `results[].code: string`. Of CSV: its columns. */
  fields: z.array(z.string()),
  /** Of HTML: elements by tag, class and column, and whether some or none of them has content. */
  elements: z.record(z.string(), z.enum(["filled", "mixed", "empty"])),
  /** Of HTML: words; of JSON: values; of CSV: lines. */
  amount: z.number(),
});

export type AnswerShape = z.infer<typeof ANSWER>;

/** Headers that protect visitors: one that is lost shows nowhere else. */
const SECURITY_HEADERS = ["x-content-type-options", "x-frame-options", "content-security-policy", "referrer-policy"];
/** Elements that are there for the text in them. */
const TEXTUAL = new Set("h1 h2 h3 h4 h5 h6 td th dd dt li p label option figcaption time strong button".split(" "));
/** Elements whose text nobody is shown. */
const UNSEEN = new Set(["head", "script", "style", "template"]);
/** Kinds of nodes, as the DOM numbers them. */
const [ELEMENT, TEXT] = [1, 3];
/** Fewer of one column or list may be empty by chance; a heading is never meant to be. */
const ENOUGH = 3;
const HEADING = /^h[1-6]\b/;
/** A key that is a number, a date or an id is data, and no name that somebody relies on. */
const OF_DATA = /^(?:[\d\W_]+|[0-9a-f-]{16,})$/i;
/** What templates write where there is nothing. */
const NOTHING = /^(?:[-–—.…?]*|n\/a|none|null|nan|undefined)$/i;
const MEANINGFUL_INSIDE = "img, svg, input, select, textarea, button, canvas, video, audio, iframe, object, br";

const MAIL_ADDRESS = /[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b/gi;

/** What keeps an answer from being given to others than the one who asked. */
export const PRIVATE = "cache-control: private";
/** A hash in a file's name, as Django's manifest and bundlers write it: no word, since it has digits or capitals; or a query. */
const VERSIONED = /[.-](?=[\w-]*[\dA-Z])[\w-]{8,64}\.\w+$|\?./;
/** Where somebody is sent who has to log in first, with the way back. */
const LOGIN = /(?:log|sign)-?_?in\b.*[?&](?:next|return|redirect)\w*=/i;

/** Describes an answer of a page, an API, or a download. To be sent to log in is to be refused. */
export function describeAnswer({ status: answered, headers, body, path }: Answer): AnswerShape {
  const status = LOGIN.test(path) ? 401 : answered;
  const type = String(headers["content-type"] ?? "")
    .replace(/;.*$/s, "")
    .trim()
    .toLowerCase();
  const about = {
    status,
    type,
    headers: protections(headers),
    mailAddresses: new Set(body.match(MAIL_ADDRESS)).size,
    hidden: /\b(?:noindex|none)\b/i.test(`${String(headers["x-robots-tag"] ?? "")} ${robotsOf(type, body)}`),
    blocked: /\bhtml\b/.test(type) ? blockedParts({ headers, body, path }) : [],
    forms: {},
    promises: promisesOf({ headers, body }),
  };
  // The fields of a description are those of all such descriptions.
  if (about.promises.length > 0) return { ...about, fields: [], elements: {}, amount: about.promises.length };
  if (/\bhtml\b/.test(type)) {
    return { ...about, fields: [], forms: formsOf(body), ...versionedFiles(body, path), ...describePage(body) };
  }
  if (/\bjson\b/.test(type)) return { ...about, ...describeJson(body), elements: {} };
  if (/\bcsv\b/.test(type)) return { ...about, ...describeCsv(body), elements: {} };
  return { ...about, fields: [], elements: {}, amount: body.length };
}

function versionedFiles(body: string, path: string): Pick<AnswerShape, "versioned"> {
  const files = assetsOf(body, path).filter((file) => file.startsWith("/static/"));
  return files.length === 0 ? {} : { versioned: files.some((file) => VERSIONED.test(file)) };
}

function protections(headers: Answer["headers"]): string[] {
  const text = (name: string) => String(headers[name] ?? "");
  return [
    ...SECURITY_HEADERS.filter((name) => headers[name] !== undefined),
    ...(/\bmax-age="?0*[1-9]/i.test(text("strict-transport-security")) ? ["strict-transport-security"] : []),
    ...(/\b(?:private|no-store)\b/i.test(text("cache-control")) ? [PRIVATE] : []),
  ];
}

/** What a page tells search engines. */
function robotsOf(type: string, html: string): string {
  if (!/\bhtml\b/.test(type)) return "";
  const tags = html.match(/<meta\b[^>]*\bname=["']?robots\b[^>]*>/gi) ?? [];
  return tags.join(" ");
}

function describePage(html: string): Pick<AnswerShape, "elements" | "amount"> {
  const groups = new Map<string, { filled: number; empty: number }>();
  const { documentElement } = documentOf(html);
  for (const element of shownIn(documentElement)) {
    if (!TEXTUAL.has(element.localName.toLowerCase())) continue;
    const name = signature(element);
    const group = groups.get(name) ?? { filled: 0, empty: 0 };
    const filled = !NOTHING.test(textOf(element).trim()) || element.querySelector(MEANINGFUL_INSIDE) !== null;
    group[filled ? "filled" : "empty"]++;
    groups.set(name, group);
  }
  const words = textOf(documentElement)
    .split(/\s+/)
    .filter((word) => word !== "");
  return {
    elements: Object.fromEntries(
      [...groups].map(([name, { filled, empty }]) => [
        name,
        filled + empty < ENOUGH && !HEADING.test(name) ? "mixed" : content(filled, empty),
      ]),
    ),
    amount: words.length,
  };
}

/** An element with all that it shows inside, in the order of the page. */
function* shownIn(element: Element): Generator<Element> {
  if (UNSEEN.has(element.localName.toLowerCase())) return;
  yield element;
  for (const child of element.children) yield* shownIn(child);
}

/** The text that an element shows. */
function textOf(node: Node): string {
  if (node.nodeType === TEXT) return node.nodeValue ?? "";
  if (node.nodeType !== ELEMENT || UNSEEN.has((node as Element).localName.toLowerCase())) return "";
  return [...node.childNodes].map(textOf).join("");
}

function content(filled: number, empty: number): "filled" | "mixed" | "empty" {
  if (empty === 0) return "filled";
  return filled === 0 ? "empty" : "mixed";
}

/** A cell's column tells what is in it; elsewhere it is the class that does. */
function signature(element: Element): string {
  const tag = element.localName.toLowerCase();
  const name = [tag, ...[...element.classList].sort()].join(".");
  if (tag !== "td" && tag !== "th") return name;
  const column = [...(element.parentElement?.children ?? [])].indexOf(element) + 1;
  return `${name}, column ${column}`;
}

function describeJson(body: string): Pick<AnswerShape, "fields" | "amount"> {
  const types = new Map<string, string>();
  let amount = 0;
  const look = (value: unknown, way: string): void => {
    if (Array.isArray(value)) {
      for (const inner of value) look(inner, `${way}[]`);
      return;
    }
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        const name = OF_DATA.test(key) ? "*" : key;
        look(inner, way === "" ? name : `${way}.${name}`);
      }
      return;
    }
    amount++;
    // What is null here may be anything elsewhere.
    if (value !== null) types.set(way, typeof value);
    else if (!types.has(way)) types.set(way, "null");
  };
  try {
    look(JSON.parse(body), "");
  } catch {
    return { fields: [], amount: 0 };
  }
  return { fields: [...types].map(([way, type]) => `${way}: ${type}`).sort(), amount };
}

function describeCsv(body: string): Pick<AnswerShape, "fields" | "amount"> {
  const lines = body.split(/\r?\n/).filter((line) => line !== "");
  const [head = ""] = lines;
  return { fields: head.replace(/^\uFEFF/, "").split(/[,;\t]/), amount: lines.length };
}
