import type { Check } from "./check.ts";
import { brokenLink, followLinks, isBroken } from "./followed-links.ts";
import { type Answer, mainClient } from "./gateway-client.ts";
import { linksOf } from "./references.ts";

/** What signs out or changes something does not belong behind a link, and is not followed where it is. */
const LEFT_ALONE = /log-?out|sign-?out|delete|remove|unsubscribe/i;
/** Share of links that lead to no page from which on the links are made wrong, rather than one of them outdated. */
const WRONG_SHARE = 0.5;

/** A page answers 200 with links that all lead nowhere. */
export const webLinks: Check = {
  id: "web.links",
  title: "links of the page checks.page lead somewhere",
  cause: "Routes that were renamed or lost, a wrong prefix of generated links, or a view that fails.",
  consequence: "Visitors see the first page, and an error on each further one.",
  remedy: "See the application's log for a 500; for a 404 compare the link with the project's URL configuration.",
  notApplicable: ({ paths }) => (paths.page === "none" ? "checks.page is none" : undefined),
  run: async (environment) => {
    const client = mainClient(environment);
    const page = await client.fetch(environment.paths.page);
    const followed = await followLinks(client, page, linksOfPage);
    const broken = followed.filter(isBroken);
    const lost = broken.filter(({ status }) => status >= 400 && status < 500);
    const wrong = lost.length >= followed.length * WRONG_SHARE;
    return broken.map((link) => ({
      ...brokenLink(client, link),
      ...(lost.includes(link) && !wrong ? { warning: true as const } : {}),
    }));
  },
};

/** The links of a page that may be followed; none of what is no page. */
export function linksOfPage({ headers, body, path }: Answer): string[] {
  if (!/\bhtml\b/.test(String(headers["content-type"] ?? ""))) return [];
  return linksOf(body, path).filter((link) => !LEFT_ALONE.test(link));
}
