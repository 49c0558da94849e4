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

const LIMIT = 24;
const DEPTH = 2;
/** Links whose paths differ in nothing but their last part lead to records of one kind. */
const PER_KIND = 2;

/**
 * Follows links from a first answer, a few of each kind, to a bounded depth and number.
 *
 * @param linksOf the paths that an answer links to
 */
export async function followLinks(
  client: GatewayClient,
  first: Answer,
  linksOf: (answer: Answer) => readonly string[],
): Promise<Followed[]> {
  const met = new Set([first.path]);
  const kinds = new Map<string, number>();
  const followed: Followed[] = [];
  let answers = [first];
  for (let depth = 0; depth < DEPTH; depth++) {
    const next: { path: string; from: string }[] = [];
    for (const answer of answers) {
      for (const path of linksOf(answer)) {
        const kind = kindOf(path);
        const known = kinds.get(kind) ?? 0;
        if (met.has(path) || known >= PER_KIND || followed.length + next.length >= LIMIT) continue;
        met.add(path);
        kinds.set(kind, known + 1);
        next.push({ path, from: answer.path });
      }
    }
    const done = await Promise.all(next.map((link) => follow(client, link)));
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

async function follow(client: GatewayClient, link: { path: string; from: string }): Promise<Followed> {
  try {
    const answer = await client.fetch(link.path);
    return { ...link, status: answer.status, answer };
  } catch (error) {
    return { ...link, status: 0, error: error instanceof Error ? error.message : String(error) };
  }
}

function kindOf(path: string): string {
  const [plain = "", query = ""] = path.split("?");
  const names = [...new URLSearchParams(query).keys()].sort().join("&");
  return `${plain.replace(/[^/]+\/?$/, "")}?${names}`;
}
