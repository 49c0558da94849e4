import type { ResourceType } from "../framework/provider.ts";
import { attempt, type DockerConfig } from "./client.ts";
import { splitImageName } from "./image-names.ts";
import { list, text } from "./specs.ts";

/** docker:index/tag:Tag. As with the official plugin, destroying it leaves both names, and a refresh does not look. */
export const tag: ResourceType<DockerConfig> = {
  token: "docker:index/tag:Tag",
  properties: {
    sourceImage: text({ required: true, forceNew: true }),
    targetImage: text({ required: true, forceNew: true }),
    tagTriggers: list(text(), { forceNew: true }),
    sourceImageId: text({ computed: true }),
  },
  async create(inputs, { config }) {
    const source = String(inputs["sourceImage"]);
    const target = String(inputs["targetImage"]);
    const { repository, tag: name } = splitImageName(target);
    const image = config.docker.getImage(source);
    await attempt(`Tagging the image "${source}" as "${target}"`, () => image.tag({ repo: repository, tag: name }));
    const { Id } = await image.inspect();
    return { id: `${source}.${target}`, state: { sourceImageId: Id } };
  },
  read: (id, state, inputs) => Promise.resolve({ id, state, inputs }),
  delete: () => Promise.resolve(),
};
