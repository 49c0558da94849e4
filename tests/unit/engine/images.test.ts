import { describe, expect, it } from "vitest";
import { hasImage, requireImage } from "../../../engine/images.ts";
import { fakeEngine } from "./fake-engine.ts";

const ID = `sha256:${"1".repeat(64)}`;
const NAME = "shop/application:abc";

async function engineWithImage() {
  return await fakeEngine(({ call }) =>
    decodeURIComponent(call) === `GET /images/${NAME}/json` ? { status: 200, body: { Id: ID } } : undefined,
  );
}

describe("an image", () => {
  it("that is required must be there with exactly that digest", async () => {
    const { docker } = await engineWithImage();
    await expect(requireImage(docker, `${NAME}@${ID}`)).resolves.toBeUndefined();
    const other = `sha256:${"2".repeat(64)}`;
    await expect(requireImage(docker, `${NAME}@${other}`)).rejects.toThrow(
      `image ${NAME} must be on the engine with digest ${other}; found ${ID}. Deploy the release to the stack that ` +
        "rehearses it on this engine and promote it again (npx rehearse promote), or set images.registry in both stacks.",
    );
    await expect(requireImage(docker, `shop/application:gone@${ID}`)).rejects.toThrow(`${ID}; found none.`);
  });

  it("is there or is not; an engine that fails is neither", async () => {
    const { docker } = await engineWithImage();
    expect([await hasImage(docker, NAME), await hasImage(docker, "shop/application:gone")]).toEqual([true, false]);
    const broken = await fakeEngine(() => ({ status: 500, body: { message: "layer store is locked" } }));
    await expect(hasImage(broken.docker, NAME)).rejects.toThrow("layer store is locked");
  });
});
