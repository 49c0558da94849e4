import type { Finding } from "./check.ts";
import type { Answer, GatewayClient } from "./gateway-client.ts";

/** A link that was followed. */
export interface Followed {
  readonly path: string;
  /** Where it was found. */
  readonly from: string;
  /** 0 where nothing came back. */
  readonly status: number;
  readonly answer?: Answer;
  readonly error?: string;
}

/** How far links are followed. */
export interface Bounds {
  /** Links in all. */
  readonly limit: number;
  /** Links on the way from the first answer. */
  readonly depth: number;
}

/** As far as after every deployment. */
const SHORT_WALK: Bounds = { limit: 24, depth: 2 };
/** Links whose paths differ in numbers and codes alone lead to records of one kind. */
const PER_KIND = 2;
/** Paths of words below one folder: sections of a site, or records that are named by words. */
const NAMED_PER_FOLDER = 12;
/** A number, an id, or a code in capitals. */
const OF_A_RECORD = /\d|^[A-Z]{2,}$/;
/** A few at a time, as one visitor's browser does. */
const AT_ONCE = 6;

/**
 * Follows links from a first answer, a few of each kind, to a bounded depth and number.
 *
 * @param linksOf the paths that an answer links to
 */
export async function followLinks(
  client: GatewayClient,
  first: Answer,
  linksOf: (answer: Answer) => readonly string[],
  { limit, depth: deepest }: Bounds = SHORT_WALK,
): Promise<Followed[]> {
  const met = new Set([first.path]);
  const kinds = new Map<string, number>();
  const followed: Followed[] = [];
  let answers = [first];
  for (let depth = 0; depth < deepest; depth++) {
    const next: { path: string; from: string }[] = [];
    for (const answer of answers) {
      for (const path of linksOf(answer)) {
        const { kind, most } = allowance(path);
        const known = kinds.get(kind) ?? 0;
        if (met.has(path) || known >= most || followed.length + next.length >= limit) continue;
        met.add(path);
        kinds.set(kind, known + 1);
        next.push({ path, from: answer.path });
      }
    }
    const done: Followed[] = [];
    for (let at = 0; at < next.length; at += AT_ONCE) {
      done.push(...(await Promise.all(next.slice(at, at + AT_ONCE).map((link) => follow(client, link)))));
    }
    followed.push(...done);
    answers = done.flatMap(({ answer }) => answer ?? []);
  }
  return followed;
}

/** Whether a link leads nowhere: what needs a login, another method or fewer requests does not. */
export function isBroken({ status }: Followed): boolean {
  return status === 0 || status === 400 || status === 404 || status === 410 || status >= 500;
}

/** A broken link in the words of a check. */
export function brokenLink(client: GatewayClient, { path, from, status, error }: Followed): Finding {
  return { expected: `an answer at ${client.origin}${path}, which ${from} links to`, seen: error ?? String(status) };
}

/** Asks for what a link leads to. */
export async function follow(client: GatewayClient, link: { path: string; from: string }): Promise<Followed> {
  try {
    const answer = await client.fetch(link.path);
    return { ...link, status: answer.status, answer };
  } catch (error) {
    return { ...link, status: 0, error: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * What paths of records of one kind have in common: their parts without what tells one record from another, and the names
 * in their query.
 */
export function kindOf(path: string): string {
  const [plain = "", query = ""] = path.split("?");
  const names = [...new Set(new URLSearchParams(query).keys())].sort().join("&");
  const parts = plain.split("/").map((part) => (OF_A_RECORD.test(part) ? "*" : part));
  return names === "" ? parts.join("/") : `${parts.join("/")}?${names}`;
}

/** Under which kind a link is counted, and how many of that are followed. */
function allowance(path: string): { kind: string; most: number } {
  const kind = kindOf(path);
  if (kind.includes("*") || kind.includes("?")) return { kind, most: PER_KIND };
  return { kind: kind.replace(/[^/]+\/?$/, ""), most: NAMED_PER_FOLDER };
}
