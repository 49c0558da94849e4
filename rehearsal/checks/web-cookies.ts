import { administratorVisit } from "./app-write-read.ts";
import type { Check, Finding } from "./check.ts";
import { concreteHostname, isOfDomain } from "./gateway-client.ts";
import { inspection } from "./release-inspection.ts";

/** A cookie as a server sets it. */
interface SetCookie {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** A session that also travels over plain HTTP, or that scripts can read, is anybody's. */
export const webCookies: Check = {
  id: "web.cookies",
  title: "cookies are of this host and Secure, the session's HttpOnly, and both session's and CSRF's say SameSite",
  cause:
    "SESSION_COOKIE_SECURE, CSRF_COOKIE_SECURE, SESSION_COOKIE_HTTPONLY or a SAMESITE setting is off, or a COOKIE_DOMAIN is another site's.",
  consequence: "A session can be read on the way or by a script, and used by others; or browsers refuse the cookie.",
  remedy:
    "Set SESSION_COOKIE_SECURE and CSRF_COOKIE_SECURE to True, and leave SESSION_COOKIE_HTTPONLY, the SAMESITE and the COOKIE_DOMAIN settings at their defaults.",
  notApplicable: ({ paths }) => (paths.adminLogin === "none" ? "checks.adminLogin is none" : undefined),
  run: async (environment) => {
    const [{ cookies }, { sessionCookie, csrfCookie }] = await Promise.all([
      administratorVisit(environment),
      inspection(environment, "settings"),
    ]);
    const set = new Map(cookies.flatMap(parse).map((cookie) => [cookie.name, cookie]));
    const host = concreteHostname(environment.hostnames[0] ?? "");
    return [...set.values()].flatMap((cookie) => [
      ...foreign(cookie, host),
      ...lacking(cookie, "secure", "Secure"),
      ...(cookie.name === sessionCookie ? lacking(cookie, "httponly", "HttpOnly") : []),
      ...(cookie.name === sessionCookie || cookie.name === csrfCookie ? sameSite(cookie) : []),
    ]);
  },
};

/** Nothing for a cookie that is taken back: what it says does not matter any more. */
function parse(line: string): SetCookie[] {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const entries = attributes.map((text): [string, string] => {
    const [name = "", value = ""] = text.split("=");
    return [name.toLowerCase(), value];
  });
  const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
  return value === "" || value === '""' ? [] : [{ name, attributes: new Map(entries) }];
}

function lacking({ name, attributes }: SetCookie, attribute: string, shown: string): Finding[] {
  return attributes.has(attribute) ? [] : [{ expected: `cookie ${name} with ${shown}`, seen: "without" }];
}

function foreign({ name, attributes }: SetCookie, host: string): Finding[] {
  const domain = attributes.get("domain");
  if (domain === undefined || isOfDomain(host, domain)) return [];
  return [
    { expected: `cookie ${name} of ${host}`, seen: `Domain=${domain}, which browsers refuse: nobody stays logged in` },
  ];
}

function sameSite(cookie: SetCookie): Finding[] {
  const value = cookie.attributes.get("samesite");
  if (value === undefined) return lacking(cookie, "samesite", "SameSite");
  // A choice of projects that live in frames of other sites.
  if (value.toLowerCase() !== "none") return [];
  return [{ expected: `cookie ${cookie.name} with SameSite=Lax or Strict`, seen: "SameSite=None", warning: true }];
}
