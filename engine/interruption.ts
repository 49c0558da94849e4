/** By these a person, a terminal or the system tells a process to stop. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The exit code of a command that was told to stop. */
export const INTERRUPTED_EXIT_CODE = 130;

/** Work was told to stop, and has cleaned up. */
export class Interrupted extends Error {}

/**
 * Does work that cleans up after itself: while it is under way, those signals abort it in place of ending the process.
 *
 * @param work ends soon after its signal is aborted, whether it fails then or not
 * @param onInterrupt called when the first of them comes
 * @throws Interrupted when it was told to stop, whatever the work says; else what the work throws
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, onInterrupt: () => void): Promise<T> {
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) return;
    onInterrupt();
    interruption.abort(new Interrupted("interrupted"));
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  try {
    const done = await work(interruption.signal);
    interruption.signal.throwIfAborted();
    return done;
  } catch (error) {
    interruption.signal.throwIfAborted();
    throw error;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}
