import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { brokenLink, followLinks, isBroken } from "./followed-links.ts";
import { type Answer, mainClient } from "./gateway-client.ts";
import { isOneOf } from "./hostnames.ts";
import { linksOfJson } from "./references.ts";

/** Addresses that no client of the system reaches: names within the environment, and the host itself. */
const INTERNAL = /^(?:[^.]+|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[::1\])$/;

/** Clients that follow an API's links find nothing there, while its first answer is as ever. */
export const apiLinks: Check = {
  id: "api.links",
  title: "links in the API's answers lead to answers, over HTTPS and on a declared hostname",
  cause:
    "Links that are generated for another scheme, host, port or prefix than clients use, or routes that were lost.",
  consequence: "Clients that follow links get errors, although the first answer is right.",
  remedy:
    "Check SECURE_PROXY_SSL_HEADER, USE_X_FORWARDED_HOST and FORCE_SCRIPT_NAME of the settings for a wrong address, and the API's URL configuration for a 404.",
  notApplicable: ({ paths }) => (paths.api === "none" ? "checks.api is none" : undefined),
  run: async (environment) => {
    const client = mainClient(environment);
    const first = await client.fetch(environment.paths.api);
    const wrong = new Map<string, Finding>();
    const followed = await followLinks(client, first, (answer) =>
      jsonLinks(answer).flatMap((link) => {
        const target = new URL(link, `${client.origin}${answer.path}`);
        const finding = wrongAddress(environment, client.origin, target, answer.path);
        // One of each address: the others say the same.
        if (finding !== undefined) wrong.set(target.origin, wrong.get(target.origin) ?? finding);
        return target.origin === client.origin ? [`${target.pathname}${target.search}`] : [];
      }),
    );
    return [...wrong.values(), ...followed.filter(isBroken).map((link) => brokenLink(client, link))];
  },
};

/** The links in an answer in JSON; none in another one. */
export function jsonLinks({ headers, body }: Answer): string[] {
  if (!/\bjson\b/.test(String(headers["content-type"] ?? ""))) return [];
  try {
    return linksOfJson(JSON.parse(body) as unknown);
  } catch {
    return [];
  }
}

function wrongAddress(
  { hostnames }: DeployedEnvironment,
  origin: string,
  target: URL,
  from: string,
): Finding | undefined {
  const main = new URL(origin);
  const declared = isOneOf(hostnames, target.hostname);
  const right = target.protocol === main.protocol && target.port === main.port;
  if (declared ? right : !INTERNAL.test(target.hostname)) return undefined;
  return { expected: `links of ${from} at ${origin} or another declared hostname`, seen: target.href };
}
