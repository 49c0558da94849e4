import { Agent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { Site } from "../site.ts";
import type { LoadOptions } from "./options.ts";
import { type Outcome, send } from "./request.ts";
import type { Targets } from "./targets.ts";

/** What became of one request; times in milliseconds since the epoch. */
export interface Reply extends Outcome {
  readonly path: string;
  readonly at: number;
  readonly milliseconds: number;
}

/** Every so many requests of a connection's, one comes on a connection of its own: it sees whether new ones are taken. */
const FRESH_EVERY = 8;
/** Every so many requests are for the asset. */
const ASSET_EVERY = 3;

/** People read what they get: a client rests for so many times as long as it has waited. */
const REST = 2;

/**
 * Sends requests as people do: each client rests after an answer, the longer the slower that was, and all together send no
 * more in a second than they may. What is slow is asked less often, so that the load itself takes nobody's processor.
 */
export class Traffic {
  readonly replies: Reply[] = [];
  readonly #site: Site;
  readonly #options: Pick<LoadOptions, "connections" | "requestsPerSecond">;
  readonly #targets: Targets;
  #agent: Agent | undefined;
  #clients: Promise<void>[] = [];
  #ended = false;
  #rests = new AbortController();
  #sent = 0;
  #nextAt = 0;

  public constructor(site: Site, options: Pick<LoadOptions, "connections" | "requestsPerSecond">, targets: Targets) {
    this.#site = site;
    this.#options = options;
    this.#targets = targets;
  }

  /** Begins, or goes on after it was stopped. */
  public start(): void {
    const { connections } = this.#options;
    this.#ended = false;
    this.#rests = new AbortController();
    this.#nextAt = Date.now();
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#clients = Array.from({ length: connections }, () => this.#client());
  }

  /** Ends when every request that was sent has its answer. */
  public async stop(): Promise<void> {
    this.#ended = true;
    this.#rests.abort();
    await Promise.all(this.#clients);
    this.#agent?.destroy();
  }

  async #client(): Promise<void> {
    const interval = 1000 / this.#options.requestsPerSecond;
    for (;;) {
      // What was not sent in time is not made up for: that would be a burst.
      const at = Math.max(this.#nextAt, Date.now() - 1000);
      this.#nextAt = at + interval;
      await sleep(Math.max(0, at - Date.now()));
      if (this.#ended) return;
      const number = this.#sent++;
      const reply = await this.#ask(this.#pathOf(number), number % FRESH_EVERY === FRESH_EVERY - 1);
      this.replies.push(reply);
      await sleep(reply.milliseconds * REST, undefined, { signal: this.#rests.signal }).catch(() => undefined);
    }
  }

  #pathOf(number: number): string {
    const { pages, asset } = this.#targets;
    if (number % ASSET_EVERY === ASSET_EVERY - 1) return asset;
    return pages[(number - Math.floor(number / ASSET_EVERY)) % pages.length] ?? asset;
  }

  async #ask(path: string, fresh: boolean): Promise<Reply> {
    const [at, started] = [Date.now(), performance.now()];
    const outcome = await send(this.#site, path, fresh ? undefined : this.#agent);
    return { path, at, milliseconds: performance.now() - started, ...outcome };
  }
}
