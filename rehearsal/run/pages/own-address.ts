import type { Followed } from "../../checks/followed-links.ts";
import type { Answer, GatewayClient } from "../../checks/gateway-client.ts";
import { isOneOf } from "../../checks/hostnames.ts";
import { documentOf } from "../../checks/html.ts";
import type { Finding } from "../../finding.ts";
import type { Production } from "../preflight/production.ts";

/** How a page says where it is, to search engines and to whom it is shared with. */
const CLAIMS = [
  ["link[rel='canonical' i]", "href"],
  ["link[rel='alternate' i][hreflang]", "href"],
  ["meta[property='og:url' i]", "content"],
] as const;
const SITEMAP = "/sitemap.xml";
const BEGINNING = 2000;

/** Hosts at which pages say that they are, each with the first page that says so. */
export type ClaimedHosts = Readonly<Record<string, string>>;

/** Reads where pages and the map of the site say that they are. */
export async function claimedHosts(client: GatewayClient, met: readonly Followed[]): Promise<ClaimedHosts> {
  const map = await client.once(SITEMAP).catch(() => undefined);
  const claims = [
    ...met.flatMap(({ answer }) => (answer === undefined ? [] : [...claimsOf(answer), ...serversOf(answer)])),
    ...(map?.status === 200
      ? [...map.body.matchAll(/<loc>\s*([^<\s]+)/g)].map(([, address = ""]) => ({ path: SITEMAP, address }))
      : []),
  ];
  const hosts: Record<string, string> = {};
  for (const { path, address } of claims) {
    const host = URL.parse(address, client.origin)?.hostname;
    if (host !== undefined) hosts[host] ??= path;
  }
  return hosts;
}

function claimsOf({ path, headers, body }: Answer): { path: string; address: string }[] {
  if (!/\bhtml\b/.test(String(headers["content-type"] ?? ""))) return [];
  const { documentElement } = documentOf(body);
  return CLAIMS.flatMap(([selector, attribute]) =>
    [...documentElement.querySelectorAll(selector)].flatMap((element) => {
      const address = element.getAttribute(attribute);
      return address === null ? [] : [{ path, address }];
    }),
  );
}

/** Where the description of an API (OpenAPI, as YAML or JSON) says that it is served. */
function serversOf({ path, body }: Answer): { path: string; address: string }[] {
  if (!/^\s*(?:openapi|"openapi"|\{\s*"openapi")\s*:/m.test(body.slice(0, BEGINNING))) return [];
  const servers =
    /^servers:\s*\n((?:[ \t-].*\n?)+)/m.exec(body)?.[1] ?? /"servers"\s*:\s*\[([^\]]*)\]/.exec(body)?.[1] ?? "";
  return [...servers.matchAll(/\burl"?\s*:\s*["']?([^\s"',}]+)/g)].map(([, address = ""]) => ({ path, address }));
}

/**
 * Pages that say they are somewhere where nobody serves them.
 *
 * @param hostnames of the environment, patterns among them
 * @param before hosts that they named with the release before; undefined where nobody looked
 * @param production the environment that the release is meant for, asked only where that matters
 */
export function ownAddressFindings(
  claimed: ClaimedHosts,
  hostnames: readonly string[],
  before: readonly string[] | undefined,
  production: () => Production | undefined,
): Finding[] {
  const strange = Object.entries(claimed).filter(
    ([host]) => !isOneOf(hostnames, host) && before?.includes(host) !== true,
  );
  if (strange.length === 0) return [];
  const there = production()?.demands?.certificate.hostnames ?? [];
  return strange
    .filter(([host]) => !isOneOf(there, host))
    .map(([host, path]) => ({
      id: "pages.own-address",
      severity: before === undefined ? "warning" : "blocking",
      subject: path,
      cause:
        `it says that it is at ${host} (canonical link, og:url, the map of the site, or servers of the API's description), which neither this environment nor production serves` +
        (before === undefined ? "" : "; with the release before it did not"),
      consequence:
        "Search engines leave the pages out in favour of that host, and whoever follows such a link arrives elsewhere.",
      remedy:
        "Make these addresses of the request's host, or of a setting that each environment has; a row of django.contrib.sites says example.com until somebody changes it.",
    }));
}
