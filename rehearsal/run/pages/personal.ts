import { administrationIndex } from "../../checks/administration.ts";
import { type Followed, kindOf } from "../../checks/followed-links.ts";
import type { Answer, GatewayClient } from "../../checks/gateway-client.ts";
import { linksOf } from "../../checks/references.ts";
import type { Finding } from "../../finding.ts";

/** One page of a kind, so many kinds. */
const PAGES = 12;

/** Only somebody who is logged in is shown the way out. */
const WAY_OUT = /log-?out|sign-?out/i;

/** A page, and what it links to for the administrator and not for a visitor. */
export interface Personal {
  readonly path: string;
  readonly links: readonly string[];
}

/**
 * Opens pages that visitors have seen as somebody who is logged in. Other links may differ each time, as suggestions do.
 *
 * @param client with the session of the administrator
 * @param adminLogin the login page of the administration
 */
export async function openAsAdministrator(
  client: GatewayClient,
  visited: readonly Followed[],
  adminLogin: string,
  signal: AbortSignal,
): Promise<Personal[]> {
  const index = administrationIndex(adminLogin);
  const isPersonal = (link: string) => WAY_OUT.test(link) || (link.startsWith(index) && !link.startsWith(adminLogin));
  const kinds = new Map<string, Answer>();
  for (const { path, answer } of visited) {
    if (answer?.status === 200 && isPage(answer) && !kinds.has(kindOf(path))) kinds.set(kindOf(path), answer);
  }
  const opened: Personal[] = [];
  for (const before of [...kinds.values()].slice(0, PAGES)) {
    signal.throwIfAborted();
    const now = await client.once(before.path);
    const common = new Set(linksOf(before.body, before.path));
    const links =
      now.status === 200 ? linksOf(now.body, now.path).filter((link) => isPersonal(link) && !common.has(link)) : [];
    if (links.length > 0) opened.push({ path: before.path, links });
  }
  return opened;
}

/** What was kept for one and given to another: the pages are asked for again, by somebody who never logged in. */
export async function mixedUpFindings(
  client: GatewayClient,
  opened: readonly Personal[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { path, links } of opened) {
    signal.throwIfAborted();
    const { body } = await client.once(path);
    const seen = linksOf(body, path).filter((link) => links.includes(link));
    if (seen.length === 0) continue;
    findings.push({
      id: "pages.mixed-up",
      severity: "blocking",
      subject: path,
      cause: `once the administrator has opened it, a visitor who has not logged in gets the administrator's page: it links to ${seen.slice(0, 3).join(", ")}`,
      consequence: "Visitors see what was made for others: their names, their data, their tokens.",
      remedy:
        "Look for a cache that does not tell visitors apart: its key, the Vary and Cache-Control headers, the gateway's cache.",
    });
  }
  return findings;
}

function isPage({ headers }: Answer): boolean {
  return /\bhtml\b/.test(String(headers["content-type"] ?? ""));
}
