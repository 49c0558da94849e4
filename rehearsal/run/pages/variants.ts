import type { GatewayClient } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";

/** What asks for pages and API beside browsers: scripts of partners, monitors, search engines. */
const CLIENTS = {
  browser: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  phone:
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1",
  "search engine": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  curl: "curl/8.14.1",
  Python: "python-requests/2.32.4",
  Java: "Java/21.0.7",
  Go: "Go-http-client/2.0",
  "an app": "okhttp/4.12.0",
};
const SPELLINGS = 6;
const AS_PAGE = " as a page";
/** Below a start page, what no project has. */
const NOWHERE = "there-is-no-such-page/";

/** Status of an address to the clients that are there; 0 for no answer. */
export async function tryClients(client: GatewayClient, path: string): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  for (const [name, agent] of Object.entries(CLIENTS)) {
    answers[`${path} to ${name}`] = await statusOf(client, path, { "User-Agent": agent });
  }
  return answers;
}

/** Status of addresses without the slash at their end, as people type them and other sites link to them. */
export async function trySpellings(
  client: GatewayClient,
  addresses: Readonly<Record<string, readonly string[]>>,
): Promise<Record<string, number>> {
  const kinds = Object.entries(addresses)
    .flatMap(([kind, [path]]) => (path !== undefined && /^\/[^?]+\/$/.test(path) ? [{ kind, path }] : []))
    .slice(0, SPELLINGS);
  const answers: Record<string, number> = {};
  for (const { kind, path } of kinds) {
    answers[kind.replace(/\/$/, "")] = await statusOf(client, path.replace(/\/$/, ""), {});
  }
  return answers;
}

/** Status of the API's addresses where a person opens them in a browser: many answer with a page then. */
export async function tryAsPages(
  client: GatewayClient,
  api: string,
  addresses: Readonly<Record<string, readonly string[]>>,
): Promise<Record<string, number>> {
  const kinds = Object.entries(addresses).flatMap(([kind, [path]]) =>
    path?.startsWith(api) === true ? [{ kind, path }] : [],
  );
  const answers: Record<string, number> = {};
  for (const { kind, path } of kinds.slice(0, SPELLINGS)) {
    answers[`${kind}${AS_PAGE}`] = await statusOf(client, path, { Accept: "text/html,application/xhtml+xml" });
  }
  return answers;
}

/** Status of an address that leads nowhere. */
export async function tryNowhere(client: GatewayClient, start: string): Promise<Record<string, number>> {
  const path = `${start.replace(/\/?$/, "/")}${NOWHERE}`;
  return { [path]: await statusOf(client, path, {}) };
}

/** A connection may be lost once by chance; whom a gateway turns away without a word it turns away again. */
async function statusOf(client: GatewayClient, path: string, headers: Record<string, string>): Promise<number> {
  const ask = async () => (await client.once(path, { headers })).status;
  return await ask()
    .catch(ask)
    .catch(() => 0);
}

/**
 * Ways to ask that were answered with the release before, and are refused now; and an address that leads nowhere, which was
 * refused and is answered.
 */
export function variantFindings(
  now: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Finding[] {
  return Object.entries(before).flatMap(([way, earlier]): Finding[] => {
    const status = now[way];
    if (way.endsWith(NOWHERE)) return status === undefined ? [] : hiddenErrors(way, status, earlier);
    if (status === undefined || earlier === 0 || earlier >= 400 || (status > 0 && status < 400)) return [];
    // Asked for as often as here, an API may well be tired of it.
    if (status === 429) return [];
    const cause = `it is answered ${status === 0 ? "not at all" : String(status)}; with the release before it was ${String(earlier)}`;
    return [{ ...kindOf(way), severity: "blocking", subject: way, cause }];
  });
}

function kindOf(way: string): Pick<Finding, "id" | "consequence" | "remedy"> {
  if (way.endsWith(AS_PAGE)) {
    return {
      id: "pages.format",
      consequence: "Whoever opens the API in a browser sees an error, while programs are answered.",
      remedy: "Look at what makes pages of the API's answers: its renderers, and the templates of its package.",
    };
  }
  if (way.includes(" to ")) {
    return {
      id: "pages.client",
      consequence:
        "Whoever uses that client is refused, and others are not: partners' programs, monitors or search engines.",
      remedy: "Look at what chooses by User-Agent: DISALLOWED_USER_AGENTS, a middleware, a rule of the gateway.",
    };
  }
  return {
    id: "pages.spelling",
    consequence: "Links of other sites and addresses that people type lead nowhere.",
    remedy: "Look at APPEND_SLASH and CommonMiddleware: they redirect to the address with the slash.",
  };
}

function hiddenErrors(path: string, status: number, earlier: number): Finding[] {
  if (earlier < 400 || status < 200 || status >= 300) return [];
  return [
    {
      id: "pages.error-status",
      severity: "blocking",
      subject: path,
      cause: `an address that leads nowhere is answered ${status}; with the release before it was ${earlier}: errors are told as success`,
      consequence: "Clients of the API, monitors, caches and search engines take errors for good answers.",
      remedy:
        "Look at what answers errors: handler404 and handler500, a catch-all route, error_page and proxy_intercept_errors of a gateway.",
    },
  ];
}
