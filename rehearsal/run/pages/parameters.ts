import type { GatewayClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";

/** Whether the parameters of an address make a difference to its answer. */
export type Heed = "heeded" | "ignored" | "unclear";

/** Kinds of addresses that are tried. */
const KINDS = 12;
/** So many words must differ: less may be a word that is another each time. */
const TELLING = 3;
/** A token or nonce, which is another each time. */
const LONGEST_WORD = 24;

/**
 * What the parameters of addresses are worth: those of searches and of further pages. The answer is held against that
 * without them; what only repeats the parameters, or differs each time, does not count.
 *
 * @param addresses that answered, by kind
 */
export async function tryParameters(
  client: GatewayClient,
  addresses: Readonly<Record<string, readonly string[]>>,
): Promise<Record<string, Heed>> {
  const kinds = Object.entries(addresses)
    .flatMap(([kind, [path]]) => (path?.includes("?") === true ? [{ kind, path }] : []))
    .slice(0, KINDS);
  const heeds: Record<string, Heed> = {};
  for (const { kind, path } of kinds) heeds[kind] = await heedOf(client, path);
  return heeds;
}

async function heedOf(client: GatewayClient, path: string): Promise<Heed> {
  const [bare = "", query = ""] = path.split("?", 2);
  const ask = async (asked: string) => {
    const { status, body } = await client.once(asked);
    return status === 200 ? words(body) : undefined;
  };
  try {
    const [without, again, answer] = [await ask(bare), await ask(bare), await ask(path)];
    if (without === undefined || again === undefined || answer === undefined) return "unclear";
    const repeated = words(decodeURIComponent(query.replaceAll("+", " ")));
    const differing = [...new Set([...without, ...answer])].filter(
      (word) => without.has(word) !== answer.has(word) && without.has(word) === again.has(word) && !repeated.has(word),
    );
    if (differing.length >= TELLING) return "heeded";
    return differing.length === 0 ? "ignored" : "unclear";
  } catch {
    return "unclear";
  }
}

function words(text: string): Set<string> {
  const found = text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "" && word.length <= LONGEST_WORD);
  return new Set(found);
}

/** Addresses whose parameters made a difference with the release before, on the same data, and make none now. */
export function parameterFindings(
  now: Readonly<Record<string, Heed>>,
  before: Readonly<Record<string, Heed>>,
): Finding[] {
  return Object.entries(before)
    .filter(([kind, earlier]) => earlier === "heeded" && now[kind] === "ignored")
    .map(([kind]) => ({
      id: "pages.parameter",
      severity: "blocking",
      subject: kind,
      cause:
        "it answers the same as without its parameters, which made a difference with the release before: they are not read, or do not arrive",
      consequence: "Searches and filters find everything, further pages show the first one, and nobody is told.",
      remedy:
        "Look at where the view reads the parameter, and at whether the gateway hands on the whole address ($request_uri, not $uri).",
    }));
}
