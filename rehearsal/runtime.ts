import type Docker from "dockerode";
import { type OneShot, startOneShot } from "../engine/one-shot.ts";

/** The runtime layer of a release's image, which starts processes and tells what the release is. */
export const RUNTIME = "/opt/rehearsal/run";

const QUOTED_LINES = 20;

/** What a command of the runtime layer says; the last lines of its output where it fails. */
export type Said<T> = { readonly said: T } | { readonly failed: readonly string[] };

/**
 * Runs a command of the runtime layer that prints JSON, with secrets from its standard input.
 *
 * @param run with the command's name in place of its words
 * @param limitMilliseconds it is killed after that, and has failed; without it it takes as long as it takes
 */
export async function askRuntime<T>(
  docker: Docker,
  run: Omit<OneShot, "command"> & { readonly command: string },
  limitMilliseconds?: number,
): Promise<Said<T>> {
  const output: string[] = [];
  const started = await startOneShot(
    docker,
    { ...run, command: [RUNTIME, run.command, "--secrets-from-stdin"] },
    (line, stream) => {
      if (stream === "stdout") output.push(line);
    },
  );
  started.end();
  const limit = limitMilliseconds === undefined ? undefined : setTimeout(() => void started.kill(), limitMilliseconds);
  const { exitCode, lastLines } = await started.ended.finally(() => {
    clearTimeout(limit);
  });
  if (exitCode !== 0) return { failed: lastLines.slice(-QUOTED_LINES) };
  return { said: JSON.parse(output.join("\n")) as T };
}
