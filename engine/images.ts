import type Docker from "dockerode";
import { isNotFound } from "./docker-client.ts";

/**
 * Makes sure that the engine holds exactly the image that a reference names.
 *
 * @param reference `name:tag@sha256:id`, where the digest is the image's id on the engine
 * @throws Error when the image is absent or another one
 */
export async function requireImage(docker: Docker, reference: string): Promise<void> {
  const at = reference.indexOf("@");
  const [name, digest] = [reference.slice(0, at), reference.slice(at + 1)];
  const found = await imageId(docker, name);
  if (found === digest) return;
  throw new Error(
    `image ${name} must be on the engine with digest ${digest}; found ${found ?? "none"}. Deploy the release to the ` +
      "stack that rehearses it on this engine and promote it again (npx rehearse promote), or set images.registry in both stacks.",
  );
}

/** Whether the engine holds an image of that name. */
export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  return (await imageId(docker, name)) !== undefined;
}

async function imageId(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Id;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
