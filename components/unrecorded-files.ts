import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { dockerClient } from "../engine/docker-client.ts";
import { type KeptFile, removeFile, unusedFiles } from "../engine/leftovers.ts";
import { environmentName } from "./engine-objects.ts";
import type { EnvironmentSettings } from "./environment-settings.ts";

const MEGABYTES = 256;

/**
 * Removes secrets and configurations that a deployment made which was killed before it could record them: Pulumi gives
 * each a name of its own, so that they stand in nobody's way, and nobody else would ever remove them. Nothing that a
 * service uses or that the stack's state knows is touched.
 */
export async function removeUnrecordedFiles(
  stack: string,
  { app, engine }: Pick<EnvironmentSettings, "app" | "engine">,
): Promise<void> {
  if (pulumi.runtime.isDryRun()) return;
  const docker = dockerClient(engine.host);
  const unused = await unusedFiles(docker, environmentName(app.name, stack));
  if (unused.length === 0) return;
  const recorded = await stateOf(stack);
  if (recorded === undefined) return;
  for (const file of unrecorded(unused, recorded)) {
    await removeFile(docker, file);
    await pulumi.log.info(`${file.kind} ${file.name} was left by an interrupted deployment and is removed`);
  }
}

/**
 * Those that the text of a state does not name.
 *
 * @param state as `pulumi stack export` prints it; what is to be deleted stands in it as well
 */
export function unrecorded(files: readonly KeptFile[], state: string): KeptFile[] {
  return files.filter(({ id }) => !state.includes(id));
}

/** The stack's state as it was before this deployment; undefined where it cannot be read, and then nothing is removed. */
async function stateOf(stack: string): Promise<string | undefined> {
  try {
    const words = ["stack", "export", "--stack", stack, "--non-interactive"];
    return (await promisify(execFile)("pulumi", words, { maxBuffer: MEGABYTES * 1024 * 1024 })).stdout;
  } catch {
    return undefined;
  }
}
