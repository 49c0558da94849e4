import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

// What a program gets to end by itself before it is killed.
const KILL_AFTER_MS = 5000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Starts a process that is ended when `signal` aborts: asked first, killed when it does not listen. */
export function startChild(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
  signal: AbortSignal,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const child = spawn(command, args, options);
  const end = (): void => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS).unref();
  };
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => {
      signal.removeEventListener("abort", end);
      resolve({ code, signal: killedBy });
    });
  });
  return { child, ended };
}
