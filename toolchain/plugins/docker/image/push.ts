import type { ResourceContext } from "../../framework/provider.ts";
import { type DockerConfig, engineMessage } from "../client.ts";
import { repoDigestOf } from "../image-names.ts";
import { readProgress } from "../progress.ts";
import type { RegistryLogin } from "../registry-auth.ts";

const NOBODY = { username: "", password: "", serveraddress: "" };

/** Pushes an image and returns what it is called in the registry: `repository@sha256:…`. */
export async function pushImage(
  name: string,
  login: RegistryLogin | undefined,
  context: ResourceContext<DockerConfig>,
): Promise<string> {
  const image = context.config.docker.getImage(name);
  let refusal: string | undefined;
  try {
    const stream = await image.push({
      // An engine refuses a push without any; an empty one is that of nobody.
      authconfig: login ?? NOBODY,
      abortSignal: context.signal,
    });
    await readProgress(stream, (message) => {
      refusal ??= message.error;
      if (message.status !== undefined) {
        context.log("status", message.id === undefined ? message.status : `${message.id}: ${message.status}`);
      }
    });
  } catch (error) {
    refusal = engineMessage(error);
  }
  if (refusal !== undefined) {
    const hint = login === undefined ? ` No login is known for its registry: set "registry", or run docker login.` : "";
    throw new Error(`Pushing the image "${name}" failed: ${refusal}.${hint}`);
  }
  const digest = repoDigestOf(name, (await image.inspect()).RepoDigests);
  if (digest !== undefined) return digest;
  throw new Error(`The image "${name}" was pushed, but the engine knows no digest of it. Push it again`);
}
