import type { ImageInspectInfo } from "dockerode";
import type { Properties, ResourceContext, ResourceType } from "../framework/provider.ts";
import { attempt, type DockerConfig, ifFound } from "./client.ts";
import { repoDigestOf } from "./image-names.ts";
import { pull } from "./pull.ts";
import { flag, list, text, textMap, unsupported } from "./specs.ts";

/**
 * docker:index/remoteImage:RemoteImage: an image that is taken from the engine, or pulled where the engine lacks it.
 * Destroying it removes the image from the engine unless `keepLocally` is set.
 */
export const remoteImage: ResourceType<DockerConfig> = {
  token: "docker:index/remoteImage:RemoteImage",
  properties: {
    name: text({ required: true, forceNew: true }),
    build: unsupported,
    forceRemove: flag(),
    keepLocally: flag(),
    platform: text({ forceNew: true }),
    pullTriggers: list(text(), { forceNew: true, set: true }),
    triggers: textMap({ forceNew: true }),
    imageId: text({ computed: true }),
    repoDigest: text({ computed: true }),
  },
  async create(inputs, context) {
    const image = await findOrPull(inputs, context);
    return { id: idOf(inputs, image), state: imageState(inputs, image) };
  },
  async read(_id, _state, inputs, { config }) {
    const image = await ifFound(() => config.docker.getImage(String(inputs["name"])).inspect());
    if (image === undefined) return undefined;
    return { id: idOf(inputs, image), inputs, state: { ...inputs, ...imageState(inputs, image) } };
  },
  async update(_id, _state, inputs, context) {
    return imageState(inputs, await findOrPull(inputs, context));
  },
  async delete(_id, state, { config }) {
    if (state["keepLocally"] === true) return;
    const name = String(state["name"]);
    await attempt(`Removing the image "${name}" (set keepLocally to leave it)`, () =>
      ifFound(() => config.docker.getImage(name).remove({ force: state["forceRemove"] === true })),
    );
  },
};

// The official plugin appends the name, so that two names of one image are two resources.
function idOf(inputs: Properties, image: ImageInspectInfo): string {
  return `${image.Id}${String(inputs["name"])}`;
}

function imageState(inputs: Properties, image: ImageInspectInfo): Properties {
  return { imageId: image.Id, repoDigest: repoDigestOf(String(inputs["name"]), image.RepoDigests) ?? image.Id };
}

async function findOrPull(inputs: Properties, context: ResourceContext<DockerConfig>): Promise<ImageInspectInfo> {
  const { docker } = context.config;
  const name = String(inputs["name"]);
  const found = await ifFound(() => docker.getImage(name).inspect());
  if (found !== undefined) return found;
  await pull(name, typeof inputs["platform"] === "string" ? inputs["platform"] : undefined, context);
  return docker.getImage(name).inspect();
}
