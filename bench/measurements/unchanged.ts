import { Environment } from "../environment.ts";
import type { Measurement } from "../measurement.ts";
import { PeerStack } from "../peer/peer-stack.ts";
import { below } from "../statistics.ts";
import type { Workshop } from "../workshop.ts";

/** Commands on an environment in which nothing is to change. */
export const unchanged: Measurement = {
  name: "unchanged",
  summary: "up and preview of an unchanged environment",
  run: async function* (workshop) {
    const { images, up, skipping, preview } = await measureOurs(workshop);
    yield { what: "preview, unchanged", unit: "s", ours: preview, target: below(4, "s", preview) };
    const peer = await PeerStack.use(workshop, images, async (stack) => {
      workshop.say("peer up, and its unchanged deployments");
      await stack.up();
      return await repeat(workshop, async () => await stack.deployAgain());
    });
    yield { what: "up, unchanged", unit: "s", ours: up, peer, target: below(4, "s", up) };
    yield { what: "up --skip-preview, unchanged", unit: "s", ours: skipping, peer, target: below(2, "s", skipping) };
  },
};

async function measureOurs(workshop: Workshop) {
  return await Environment.use(workshop, "first", async (environment) => {
    workshop.say("up of an environment to leave unchanged");
    await environment.up("--skip-preview");
    workshop.say("unchanged up, up --skip-preview, preview");
    return {
      images: await environment.images(),
      up: await repeat(workshop, async () => await environment.up()),
      skipping: await repeat(workshop, async () => await environment.up("--skip-preview")),
      preview: await repeat(workshop, async () => await environment.preview()),
    };
  });
}

async function repeat({ options }: Workshop, work: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  while (samples.length < options.runs) samples.push(await work());
  return samples;
}
