import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";

const TIMEOUT_SECONDS = 20;

/** Why an engine cannot run an environment: it does not answer, or manages no swarm; undefined where it can. */
export async function engineFault(docker: Docker): Promise<string | undefined> {
  const late = sleep(TIMEOUT_SECONDS * 1000, undefined, { ref: false }).then(() => undefined);
  try {
    const info = (await Promise.race([docker.info(), late])) as { Swarm?: { ControlAvailable?: boolean } } | undefined;
    if (info === undefined) return `no answer within ${TIMEOUT_SECONDS} s`;
    return info.Swarm?.ControlAvailable === true ? undefined : "an engine that manages no swarm";
  } catch (error) {
    return `no answer (${error instanceof Error ? error.message : String(error)})`;
  }
}
