import { jsonLinks } from "../../checks/api-links.ts";
import { type Followed, followLinks } from "../../checks/followed-links.ts";
import type { Answer, GatewayClient } from "../../checks/gateway-client.ts";
import { assetsOf, assetsOfStyle, searchesOf } from "../../checks/references.ts";
import { linksOfPage } from "../../checks/web-links.ts";
import { descriptionsOf } from "./api-description.ts";

/** Far enough for each kind of page of a system, near enough for seconds. */
const LONG_WALK = { limit: 160, depth: 4 };
const ASSETS = 300;
/** What is looked for with each search form: nearly every record has one. */
const LETTER = "a";
const AT_ONCE = 6;

/** What browsers refuse to use under another type, where X-Content-Type-Options is nosniff. */
const TYPES: readonly (readonly [ending: RegExp, type: RegExp])[] = [
  [/\.css(?:\?|$)/, /\btext\/css\b/],
  [/\.m?js(?:\?|$)/, /\bjavascript\b/],
  [/\.svg(?:\?|$)/, /\bsvg\b/],
];

/** A file that pages reference and that is not served. */
export interface MissingAsset {
  readonly path: string;
  readonly from: string;
  readonly seen: string;
}

/** What a visitor met. */
export interface Walk {
  /** The first answers and all that links led to. */
  readonly met: readonly Followed[];
  readonly missing: readonly MissingAsset[];
  readonly assets: number;
}

/**
 * Goes through a site as a visitor does who follows every kind of link, and fetches what the pages are shown with.
 *
 * @param client with the visitor's session
 * @param starts paths to begin at
 * @param may says whether a link may be followed
 */
export async function walk(
  client: GatewayClient,
  starts: readonly string[],
  signal: AbortSignal,
  may: (path: string) => boolean = () => true,
): Promise<Walk> {
  const met = new Map<string, Followed>();
  for (const start of starts) {
    signal.throwIfAborted();
    const first = await begin(client, start);
    met.set(start, first);
    if (first.answer === undefined) continue;
    const linksOf = (answer: Answer) => {
      signal.throwIfAborted();
      return [...linksOfPage(answer), ...unlinked(answer), ...ownLinks(client, answer)].filter(may);
    };
    for (const link of await followLinks(client, first.answer, linksOf, LONG_WALK)) {
      if (!met.has(link.path)) met.set(link.path, link);
    }
  }
  return { met: [...met.values()], ...(await fetchAssets(client, [...met.values()], signal)) };
}

async function begin(client: GatewayClient, path: string): Promise<Followed> {
  try {
    const answer = await client.fetch(path);
    return { path, from: "the settings", status: answer.status, answer };
  } catch (error) {
    return { path, from: "the settings", status: 0, error: words(error) };
  }
}

/** What a page leads to other than by links. Search forms change nothing: that is what GET says. */
function unlinked(answer: Answer): string[] {
  if (!isOf(answer, "html")) return [];
  return [...searchesOf(answer.body, answer.path, LETTER), ...descriptionsOf(answer.body, answer.path)];
}

function ownLinks(client: GatewayClient, answer: Answer): string[] {
  return jsonLinks(answer).flatMap((link) => {
    const { origin, pathname, search } = new URL(link, `${client.origin}${answer.path}`);
    return origin === client.origin ? [`${pathname}${search}`] : [];
  });
}

/** Style sheets are looked into: what they load is as missing as what a page does. */
async function fetchAssets(
  client: GatewayClient,
  pages: readonly Followed[],
  signal: AbortSignal,
): Promise<Pick<Walk, "missing" | "assets">> {
  const from = new Map<string, string>();
  const note = (assets: readonly string[], place: string) =>
    assets.filter((asset) => from.size < ASSETS && !from.has(asset) && from.set(asset, place));
  let next = pages.flatMap(({ answer, path }) =>
    answer !== undefined && isOf(answer, "html") ? note(assetsOf(answer.body, answer.path), path) : [],
  );
  const missing: MissingAsset[] = [];
  while (next.length > 0) {
    const styles: string[] = [];
    for (let at = 0; at < next.length; at += AT_ONCE) {
      signal.throwIfAborted();
      await Promise.all(
        next.slice(at, at + AT_ONCE).map(async (asset) => {
          const fetched = await fetchAsset(client, asset);
          if (typeof fetched === "string") missing.push({ path: asset, from: from.get(asset) ?? "", seen: fetched });
          else if (isOf(fetched, "css")) styles.push(...note(assetsOfStyle(fetched.body, asset), asset));
        }),
      );
    }
    next = styles;
  }
  return { missing, assets: from.size };
}

/** What is wrong with an asset, in words, or its answer. */
async function fetchAsset(client: GatewayClient, asset: string): Promise<Answer | string> {
  try {
    const answer = await client.fetch(asset);
    if (answer.status !== 200) return String(answer.status);
    if (answer.body.length === 0) return "an empty answer";
    if (isOf(answer, "css") && endsInComment(answer.body))
      return "a comment that is never closed: browsers leave out the rest";
    const type = String(answer.headers["content-type"] ?? "");
    const expected = TYPES.find(([ending]) => ending.test(asset))?.[1];
    return expected === undefined || expected.test(type) ? answer : `media type ${type || "none"}`;
  } catch (error) {
    return words(error);
  }
}

/** Whether a style sheet ends within a comment; what stands in quotes begins none. */
export function endsInComment(css: string): boolean {
  const left = css.replaceAll(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\*[\s\S]*?\*\//g, "");
  return left.includes("/*");
}

function isOf({ headers }: Answer, type: "html" | "css"): boolean {
  return new RegExp(`\\b${type}\\b`).test(String(headers["content-type"] ?? ""));
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
