import { setTimeout as sleep } from "node:timers/promises";

/**
 * Asks until `probe` answers something else than undefined.
 * Undefined when `timeoutMs` has passed before; rejects when the operation is aborted.
 */
export async function poll<T>(
  probe: () => Promise<T | undefined>,
  options: { readonly intervalMs: number; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<T | undefined> {
  const end = Date.now() + options.timeoutMs;
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (Date.now() >= end) return undefined;
    await sleep(Math.min(options.intervalMs, Math.max(end - Date.now(), 1)), undefined, { signal: options.signal });
  }
}
