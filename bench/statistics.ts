import type { Target } from "./measurement.ts";

/** The middle value; of an even number the mean of the two in the middle. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  if (low === undefined || high === undefined) throw new Error("a median takes at least one sample; got none");
  return (low + high) / 2;
}

/** Whether the median stays below a limit. */
export function below(limit: number, unit: string, samples: readonly number[]): Target {
  return { text: `< ${limit} ${unit}`, met: median(samples) < limit };
}

/** Whether the median is at most so many times the peer's. */
export function atMostTimes(factor: number, ours: readonly number[], peer: readonly number[]): Target {
  return { text: `≤ ${factor} × peer`, met: median(ours) <= factor * median(peer) };
}
