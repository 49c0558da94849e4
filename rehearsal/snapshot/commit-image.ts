import type Docker from "dockerode";
import { isNotFound } from "../../engine/docker-client.ts";
import { thisMaker } from "../../engine/temporary.ts";
import { type SnapshotDescription, snapshotImageName, snapshotLabels } from "./snapshot-image.ts";
import { WORK_LABEL } from "./work.ts";

/**
 * Makes an image of a stopped server. It has no name yet: what is not tried must not be taken.
 *
 * @param base the image that the server ran from, whose way of starting the snapshot has
 * @returns the image's id
 */
export async function commitImage(
  docker: Docker,
  container: Docker.Container,
  base: string,
  description: SnapshotDescription,
): Promise<string> {
  const { Config } = await docker.getImage(base).inspect();
  // Whatever is not given here is taken from the container, which was started in a way of its own.
  const config = {
    ...Config,
    // Absent where the image declares none.
    Cmd: (Config.Cmd as string[] | undefined) ?? [],
    // Emptied, as every clone has the labels of its image: a clone is no work of the maker's.
    Labels: { ...Config.Labels, ...snapshotLabels(description), [WORK_LABEL]: "" },
    OpenStdin: false,
    StdinOnce: false,
  };
  const committed = (await container.commit({
    // In the address only what is short: row counts of many tables are not.
    _query: {
      container: container.id,
      author: thisMaker(),
      comment: `masked copy of ${description.source}`,
      pause: false,
    },
    _body: config,
  } as object)) as { Id: string };
  return committed.Id;
}

/** Gives an image its name. */
export async function nameImage(docker: Docker, imageId: string, id: string, registry: string): Promise<string> {
  const name = snapshotImageName(id, registry);
  await docker.getImage(imageId).tag({ repo: name.slice(0, name.lastIndexOf(":")), tag: id });
  return name;
}

/** Removes an image that is in nobody's use. */
export async function removeImage(docker: Docker, image: string): Promise<void> {
  try {
    await docker.getImage(image).remove();
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
