import { type Followed, follow, kindOf } from "../../checks/followed-links.ts";
import type { GatewayClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";
import type { AnswerShape } from "./describe.ts";

/** Of one kind: a record may be deleted, all of them seldom are. */
const PER_KIND = 3;
const AT_ONCE = 6;

/** Addresses that answered, a few of each kind. */
export function addressesOf(met: readonly Followed[]): Record<string, string[]> {
  const addresses: Record<string, string[]> = {};
  for (const { path, status } of met) {
    if (status < 200 || status >= 300) continue;
    const known = addresses[kindOf(path)] ?? [];
    if (known.length < PER_KIND) addresses[kindOf(path)] = [...known, path];
  }
  return addresses;
}

/**
 * Asks for addresses of the release before that no link of this one led to: bookmarks and other systems hold them still.
 *
 * @param before addresses by kind
 * @param sameData whether the records are the same ones: otherwise only addresses that name none are asked for
 */
export async function askAgain(
  client: GatewayClient,
  before: Readonly<Record<string, readonly string[]>>,
  met: readonly Followed[],
  sameData: boolean,
  signal: AbortSignal,
): Promise<Followed[]> {
  const known = new Map(met.map((link) => [link.path, link]));
  const asked = Object.entries(before).flatMap(([kind, paths]) =>
    sameData || !/[*?]/.test(kind) ? paths.map((path) => ({ path, from: "the release before" })) : [],
  );
  const answers: Followed[] = [];
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    signal.throwIfAborted();
    const some = asked.slice(at, at + AT_ONCE);
    answers.push(
      ...(await Promise.all(some.map(async (link) => known.get(link.path) ?? (await follow(client, link))))),
    );
  }
  return answers;
}

/**
 * Kinds of which every address that was known fails. One that links of this release lead to as well, and fails there too,
 * is told of as such a link.
 */
export function goneFindings(again: readonly Followed[], now: Readonly<Record<string, AnswerShape>>): Finding[] {
  return [...Map.groupBy(again, ({ path }) => kindOf(path))].flatMap(([kind, answers]): Finding[] => {
    const gone = answers.every(({ status }) => status === 0 || status === 404 || status >= 500);
    if (!gone || (now[kind] !== undefined && now[kind].status >= 400)) return [];
    const seen = [...new Set(answers.map(({ status, error }) => error ?? String(status)))].join(", ");
    return [
      {
        id: "pages.address-gone",
        severity: "blocking",
        subject: kind,
        cause: `${answers.map(({ path }) => path).join(", ")} answered with the release before, and now: ${seen}`,
        consequence: "Bookmarks, search engines and other systems that know the address reach nothing.",
        remedy: "Redirect the old address to the new one; where it is meant to be gone for good, answer 410.",
      },
    ];
  });
}
