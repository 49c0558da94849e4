import type { ResourceContext } from "../framework/provider.ts";
import { type DockerConfig, engineMessage } from "./client.ts";
import { splitImageName } from "./image-names.ts";
import { readProgress } from "./progress.ts";
import { loginForImage } from "./registry-auth.ts";

/** Pulls an image with the login that is known for its registry; the progress shows as status lines. */
export async function pull(
  name: string,
  platform: string | undefined,
  context: ResourceContext<DockerConfig>,
): Promise<void> {
  const { docker, credentials } = context.config;
  const login = loginForImage(credentials, name);
  const { repository, tag } = splitImageName(name);
  // Without a tag the engine pulls every tag of the repository.
  const reference = name.includes("@") ? name : `${repository}:${tag}`;
  let refusal: string | undefined;
  try {
    const stream = await docker.pull(reference, {
      ...(platform === undefined ? {} : { platform }),
      ...(login === undefined ? {} : { authconfig: login }),
      abortSignal: context.signal,
    });
    await readProgress(stream, (message) => {
      refusal ??= message.error;
      if (message.status !== undefined) context.log("status", `${message.id ?? name}: ${message.status}`);
    });
  } catch (error) {
    refusal = engineMessage(error);
  }
  if (refusal !== undefined) throw new Error(`Pulling the image "${name}" failed: ${refusal}`);
}
