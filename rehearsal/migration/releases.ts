import type Docker from "dockerode";
import type { RoleName } from "../../engine/database-rights.ts";
import { type OneShot, startOneShot } from "../../engine/one-shot.ts";
import { temporaryLabels } from "../../engine/temporary.ts";
import { RUNTIME } from "../runtime.ts";
import type { Clone } from "../snapshot/clone.ts";

/** What the processes of a release are started with. */
export interface ReleaseProcess {
  readonly image: string;
  /** Variables in clear. */
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
}

/**
 * A command of a release's runtime layer on a clone.
 *
 * @param role in which it reaches the database
 * @param database another one on the clone's server than the clone's own
 */
export function onClone(
  release: ReleaseProcess,
  clone: Clone,
  network: string,
  role: RoleName,
  words: readonly [command: string, ...rest: string[]],
  { database, environment = {} }: { database?: string; environment?: Readonly<Record<string, string>> } = {},
): OneShot {
  const [command, ...rest] = words;
  return {
    name: `${clone.name}-${command}`,
    image: release.image,
    command: [RUNTIME, command, "--secrets-from-stdin", ...rest],
    // Clones have no timers that call a process away from a file that is being copied; when all is done they are removed.
    environment: { ...release.environment, CONNECTION_CHECK_MILLISECONDS: "0", ...environment },
    secrets: {
      ...release.secrets,
      DATABASE_URL: clone.url(role, database),
      REPORT_DATABASE_URL: clone.url("report", database),
    },
    networks: [network],
    memoryBytes: release.memoryBytes,
    labels: temporaryLabels(),
  };
}

/**
 * Runs a command that speaks in JSON lines on standard output.
 *
 * @param allowed what the command waits for, as a line on its standard input
 * @returns the exit code and the last lines that it said on standard error
 */
export async function runEvents(
  docker: Docker,
  run: OneShot,
  onEvent: (event: unknown) => void,
  allowed: Promise<unknown> = Promise.resolve(),
): Promise<{ exitCode: number; said: readonly string[] }> {
  const said: string[] = [];
  const started = await startOneShot(docker, run, (line, stream) => {
    if (stream === "stdout") onEvent(JSON.parse(line));
    else said.push(line);
  });
  // Whatever becomes of it: a command that waits for ever would stay.
  void allowed
    .then(() => {
      started.writeLine("go");
    })
    .catch(() => undefined)
    .then(() => {
      started.end();
    });
  const { exitCode } = await started.ended;
  return { exitCode, said };
}
