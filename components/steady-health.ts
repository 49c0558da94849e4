/** How long a check of something that was healthy waits before it looks again, in seconds. */
const REST_SECONDS = 8;
/** Longer than the rest and a slow answer together. */
export const HEALTH_TIMEOUT = "20s";

/**
 * A health check that looks often until it succeeds, and seldom from then on, until it fails. The engine knows one interval
 * for both: a short one, which rollouts need, would have every environment start a process a second for ever.
 *
 * @param command the program and its words
 * @returns what a health check runs, without a shell of the engine's own; the program stands behind the script
 */
export function steadyHealth(command: readonly string[]): string[] {
  const script =
    `[ ! -e /tmp/healthy ] || sleep ${REST_SECONDS}; ` +
    `if "$0" "$@"; then : > /tmp/healthy; else rm -f /tmp/healthy; exit 1; fi`;
  return ["CMD", "sh", "-c", script, ...command];
}
