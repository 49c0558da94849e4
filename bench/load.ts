import type autocannon from "autocannon";
import { startLoad } from "../tests/integration/environment/load.ts";

/** Where load is sent, over loopback and TLS. */
export interface Site {
  readonly hostname: string;
  readonly port: number;
  /** Certificate of the authority to verify with (PEM). */
  readonly authority: string;
  readonly page: string;
  /** A static file, by the name that has its content's hash. */
  readonly asset: string;
}

/** What became of the requests. */
export interface Load {
  /** Answers, whatever their status, and requests that got none. */
  readonly requests: number;
  /** Requests without an answer, and answers that were not 2xx. */
  readonly lost: number;
  /** 99th percentile of the pages' latency, in milliseconds. */
  readonly pageP99: number;
  readonly assetP99: number;
}

/** Requests a second that two processors sustain while a release replaces another. */
const RATES = { page: 60, asset: 240 };
const CONNECTIONS = 6;
/** Ends a load whose work hangs. */
const LIMIT_SECONDS = 600;
const TIMEOUT_SECONDS = 10;

/** Sends requests at a constant rate for as long as the work takes. */
export async function underLoad<T>(site: Site, work: () => Promise<T>): Promise<{ result: T; load: Load }> {
  const pages = start(site, site.page, RATES.page);
  const assets = start(site, site.asset, RATES.asset);
  try {
    const result = await work();
    const [page, asset] = [await pages.stop(), await assets.stop()];
    const lost = (found: autocannon.Result) => found.errors + found.non2xx;
    return {
      result,
      load: {
        requests: page.requests.total + page.errors + asset.requests.total + asset.errors,
        lost: lost(page) + lost(asset),
        pageP99: page.latency.p99,
        assetP99: asset.latency.p99,
      },
    };
  } finally {
    await Promise.all([pages.stop(), assets.stop()]);
  }
}

function start(site: Site, path: string, rate: number): ReturnType<typeof startLoad> {
  return startLoad({
    url: `https://127.0.0.1:${site.port}${path}`,
    headers: { host: `${site.hostname}:${site.port}` },
    servername: site.hostname,
    tlsOptions: { ca: site.authority },
    connections: CONNECTIONS,
    overallRate: rate,
    duration: LIMIT_SECONDS,
    timeout: TIMEOUT_SECONDS,
  });
}
