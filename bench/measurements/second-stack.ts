import { Environment } from "../environment.ts";
import type { Measurement } from "../measurement.ts";
import { below } from "../statistics.ts";

/** A branch's environment beside one that runs. */
export const secondStack: Measurement = {
  name: "second-stack",
  summary: "a second environment beside the first, images there",
  run: async function* (workshop) {
    const ours: number[] = [];
    await Environment.use(workshop, "first", async (first) => {
      workshop.say("up of the first environment");
      await first.up("--skip-preview");
      for (let run = 1; run <= workshop.options.runs; run++) {
        workshop.say(`second environment, run ${run}`);
        let ready = 0;
        const started = performance.now();
        // From `pulumi stack init` on: a branch has no stack yet.
        await Environment.use(workshop, "second", async (second) => {
          await second.up("--skip-preview");
          ready = (performance.now() - started) / 1000;
        });
        ours.push(ready);
      }
    });
    yield { what: "second stack, init and up", unit: "s", ours, target: below(30, "s", ours) };
  },
};
