import { Agent } from "node:https";
import type { Finding } from "../../finding.ts";
import type { Site } from "../site.ts";
import { send } from "./request.ts";
import type { Targets } from "./targets.ts";

/** So many kinds of pages: what makes requests wait for each other is seldom on one alone. */
const PAGES = 4;
/** More than the application serves at a time, so that some have to wait for others. */
const TIMES = 3;
/** Where the server's command does not tell how many it serves. */
const USUAL = 16;
const MOST = 200;

/** What became of many requests for one page at the same time. */
export interface Burst {
  readonly path: string;
  readonly requests: number;
  /** In words, of each that was not answered. */
  readonly failed: readonly string[];
}

/**
 * Asks for each of some pages as often at once as the application cannot serve at a time. What fails is tried once more:
 * requests that wait for each other fail each time.
 *
 * @param atOnce how many requests all tasks together serve at a time; undefined where nobody knows
 */
export async function tryBursts(
  site: Site,
  { pages, asset }: Targets,
  atOnce: number | undefined,
  signal: AbortSignal,
): Promise<Burst[]> {
  const requests = Math.min(MOST, TIMES * (atOnce ?? USUAL));
  const bursts: Burst[] = [];
  for (const path of pages.slice(0, PAGES)) {
    signal.throwIfAborted();
    const target = { pages: [path], asset };
    const first = await tryBurst(site, target, requests);
    bursts.push(first.failed.length === 0 ? first : await tryBurst(site, target, requests));
  }
  return bursts;
}

/** Asks for the first page so often at the same time, over connections that are there. */
export async function tryBurst(site: Site, { pages: [path = ""], asset }: Targets, requests: number): Promise<Burst> {
  const agent = new Agent({ keepAlive: true, maxSockets: requests });
  const all = (asked: string) => Promise.all(Array.from({ length: requests }, () => send(site, asked, agent)));
  try {
    // Handshakes take longer than most pages do: without connections that are there the requests would come one by one.
    await all(asset);
    const failed = (await all(path)).filter(({ status }) => status === 0 || status >= 500);
    return { path, requests, failed: failed.map(({ status, error }) => error ?? String(status)) };
  } finally {
    agent.destroy();
  }
}

/** Pages that are answered one by one, and not many at a time. */
export function burstFindings(bursts: readonly Burst[]): Finding[] {
  return bursts.flatMap(({ path, requests, failed }): Finding[] => {
    const [first] = failed;
    if (first === undefined) return [];
    return [
      {
        id: "load.burst",
        severity: "blocking",
        subject: path,
        cause: `of ${requests} requests for it at the same time ${failed.length} were not answered (${first})`,
        consequence:
          "As soon as a few more people come at once than there are threads, all wait for each other, health checks too, and tasks are killed.",
        remedy:
          "Look for code that asks the application itself, for locks around a request, and for pools that are smaller than the number of threads.",
      },
    ];
  });
}
