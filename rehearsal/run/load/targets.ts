import { jsonLinks } from "../../checks/api-links.ts";
import { followLinks } from "../../checks/followed-links.ts";
import { type Answer, mainClient } from "../../checks/gateway-client.ts";
import { assetsOf } from "../../checks/references.ts";
import { linksOfPage } from "../../checks/web-links.ts";
import type { Site } from "../site.ts";

/** What is asked for under load, again and again. */
export interface Targets {
  /** Paths that the application answers. */
  readonly pages: readonly string[];
  /** A file that it does not: what it takes to be served tells how busy the machine is. */
  readonly asset: string;
}

/** More would leave each with too few requests to judge by. */
const LIMIT = 10;
/** Nobody has it, and the gateway says so by itself. */
const WITHOUT_ASSET = "/static/.releases/";

/**
 * The settings' page and resource of the API, and pages that these link to, as far as they answer anybody.
 *
 * @throws Error where nothing answers
 */
export async function findTargets(site: Site): Promise<Targets> {
  const client = mainClient(site);
  const { page, api } = site.paths;
  const found: string[] = [];
  let asset: string | undefined;
  if (page !== "none") {
    const first = await client.fetch(page);
    const followed = await followLinks(client, first, linksOfPage);
    found.push(...paths(first, followed));
    const assets = assetsOf(first.body, first.path).filter((path) => path.startsWith("/static/"));
    asset = assets.find((path) => path.endsWith(".css")) ?? assets[0];
  }
  if (api !== "none") {
    const first = await client.fetch(api);
    const followed = await followLinks(client, first, (answer) =>
      jsonLinks(answer).flatMap((link) => {
        const { origin, pathname, search } = new URL(link, `${client.origin}${answer.path}`);
        return origin === client.origin ? [`${pathname}${search}`] : [];
      }),
    );
    // In turns with the pages: both must have their share of the few that are asked for.
    found.splice(0, found.length, ...inTurns(found, paths(first, followed)));
  }
  const pages = [...new Set(found)].slice(0, LIMIT);
  if (pages.length > 0) return { pages, asset: asset ?? WITHOUT_ASSET };
  throw new Error(
    `the page ${page} and the resource ${api} of the API (checks.page, checks.api) must answer with less than 400; ` +
      "found none that does. Mend what the critical checks say of them, and rehearse again.",
  );
}

function paths(first: Answer, followed: readonly { readonly path: string; readonly status: number }[]): string[] {
  return [first, ...followed].filter(({ status }) => status >= 200 && status < 400).map(({ path }) => path);
}

function inTurns(one: readonly string[], other: readonly string[]): string[] {
  return Array.from({ length: Math.max(one.length, other.length) }, (_, index) => [one[index], other[index]])
    .flat()
    .filter((path) => path !== undefined);
}
