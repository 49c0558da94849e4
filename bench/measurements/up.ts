import { Environment } from "../environment.ts";
import type { Measurement, Row } from "../measurement.ts";
import { PeerStack } from "../peer/peer-stack.ts";
import { atMostTimes } from "../statistics.ts";
import type { Workshop } from "../workshop.ts";

const FACTOR = 2;

/** From nothing to checked and back, with images built and, once, without. */
export const up: Measurement = {
  name: "up",
  summary: "an environment from nothing, with and without image build, and its end",
  run: async function* (workshop) {
    yield* rows(workshop, await measure(workshop));
  },
};

interface Samples {
  readonly build: number;
  readonly ups: { readonly ours: number[]; readonly peer: number[] };
  readonly removals: { readonly ours: number[]; readonly peer: number[] };
}

/** Both sides in turn, so that what else the machine does meets both. */
async function measure(workshop: Workshop): Promise<Samples> {
  const [ups, removals] = [
    { ours: [] as number[], peer: [] as number[] },
    { ours: [] as number[], peer: [] as number[] },
  ];
  let build = 0;
  await Environment.use(workshop, "first", async (environment) => {
    workshop.say("up with image build");
    build = await environment.up("--skip-preview");
    const images = await environment.images();
    await environment.destroy();
    for (let run = 1; run <= workshop.options.runs; run++) {
      workshop.say(`up and destroy, run ${run}`);
      ups.ours.push(await environment.up("--skip-preview"));
      removals.ours.push(await environment.destroy());
      workshop.say(`peer up and rm, run ${run}`);
      await PeerStack.use(workshop, images, async (peer) => {
        ups.peer.push(await peer.up());
        removals.peer.push(await peer.remove());
      });
    }
  });
  return { build, ups, removals };
}

function* rows({ options }: Workshop, { build, ups, removals }: Samples): Generator<Row> {
  const cache = options.quick ? "layer cache used" : "no layer cache";
  yield { what: `up from nothing, images built in it (${cache})`, unit: "s", ours: [build] };
  yield { what: "up from nothing, images there", unit: "s", ...ups, target: atMostTimes(FACTOR, ups.ours, ups.peer) };
  yield { what: "destroy", unit: "s", ...removals };
}
