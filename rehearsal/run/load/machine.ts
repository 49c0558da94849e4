import { setTimeout as sleep } from "node:timers/promises";
import { mainClient } from "../../checks/gateway-client.ts";
import { duration } from "../../report/format.ts";
import type { Site } from "../site.ts";
import { quantile } from "./latency.ts";
import { type Phase, phaseAt } from "./phases.ts";
import type { Targets } from "./targets.ts";
import type { Reply } from "./traffic.ts";

/** A static file takes some milliseconds; so many only where its processes wait for a processor. */
const STANDSTILL_MILLISECONDS = 200;
const PROBES = 7;
const PATIENCE_SECONDS = 90;
const PAUSE_MILLISECONDS = 5000;
/** With fewer answers in a phase a median says little. */
const ENOUGH = 5;

/**
 * Waits until the machine has processor time to spare.
 *
 * @throws Error where it has none for longer than anybody would wait
 */
export async function awaitMachine(site: Site, { asset }: Pick<Targets, "asset">, signal: AbortSignal): Promise<void> {
  const client = mainClient(site);
  const deadline = Date.now() + PATIENCE_SECONDS * 1000;
  for (;;) {
    const times: number[] = [];
    for (let probe = 0; probe < PROBES; probe++) {
      const started = performance.now();
      await client.once(asset);
      times.push(performance.now() - started);
    }
    const median = quantile(times, 0.5);
    if (median < STANDSTILL_MILLISECONDS) return;
    if (Date.now() > deadline) throw standstill(median);
    await sleep(PAUSE_MILLISECONDS, undefined, { signal });
  }
}

/** @throws Error where the machine stood still in a phase: what was seen then says nothing of the release */
export function requireMachine(
  replies: readonly Reply[],
  phases: readonly Phase[],
  targets: Pick<Targets, "asset">,
): void {
  const assets = replies.filter(({ path }) => path === targets.asset);
  const byPhase = Map.groupBy(assets, ({ at, milliseconds }) => phaseAt(phases, at + milliseconds)?.name);
  for (const some of byPhase.values()) {
    const median = quantile(
      some.map(({ milliseconds }) => milliseconds),
      0.5,
    );
    if (some.length >= ENOUGH && median >= STANDSTILL_MILLISECONDS) throw standstill(median);
  }
}

function standstill(median: number): Error {
  return new Error(
    `the machine must have processor time to spare for a load to tell anything; a static file took ` +
      `${duration(median / 1000)} (median), and less than ${duration(STANDSTILL_MILLISECONDS / 1000)} was expected. ` +
      "Rehearse again when the machine is less busy: rehearse run --step load tells whether it is.",
  );
}
