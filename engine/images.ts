import type Docker from "dockerode";
import { isNotFound } from "./docker-client.ts";
import { registryLogin } from "./registry-login.ts";

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

/**
 * Pulls an image from the registry that its name begins with, with the login that `docker login` has kept.
 *
 * @throws Error with the engine's words where the registry does not have it or does not answer
 */
export async function pullImage(docker: Docker, name: string): Promise<void> {
  const login = await registryLogin(name.split("/")[0] ?? "");
  const stream = await docker.pull(name, login === undefined ? {} : { authconfig: login });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/**
 * Whether the engine holds an image of a registry already; where not, it asks the registry for it, and pulls nothing.
 *
 * @param reference `host/path/name:tag@sha256:digest`
 * @throws Error with the engine's words where the registry does not have it or does not answer
 */
export async function imageInRegistry(docker: Docker, reference: string): Promise<boolean> {
  const at = reference.indexOf("@");
  const [name, digest] = [reference.slice(0, at), reference.slice(at + 1)];
  const repository = name.slice(0, name.lastIndexOf(":"));
  const byDigest = `${repository}@${digest}`;
  if (await hasImage(docker, byDigest)) return true;
  const login = await registryLogin(name.split("/")[0] ?? "");
  await docker.getImage(byDigest).distribution(login === undefined ? {} : { authconfig: login });
  return false;
}

/** The variables that an image declares. */
export async function imageVariables(docker: Docker, name: string): Promise<Readonly<Record<string, string>>> {
  const { Config } = await docker.getImage(name).inspect();
  const declared = (Config.Env as string[] | null) ?? [];
  return Object.fromEntries(
    declared.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

async function imageId(docker: Docker, name: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(name).inspect()).Id;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
