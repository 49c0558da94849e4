import type { Check } from "./check.ts";
import { runningTasks } from "./running-tasks.ts";

/** A worker that was left behind runs old code on the new schema, and nobody sees it in a browser. */
export const etlAlive: Check = {
  id: "etl.alive",
  title: "one ETL worker runs, on this release",
  cause: "A worker that fails at its start, or was started a second time by hand.",
  consequence: "No job runs, or every job runs twice, or old code writes to the new schema.",
  remedy: "See the worker's log, and run pulumi up again.",
  notApplicable: ({ services }) => (services.some(({ role }) => role === "etl") ? undefined : "etl.command is none"),
  run: async ({ engine, services }) => {
    const worker = services.find(({ role }) => role === "etl");
    if (worker === undefined) return [];
    const images = (await runningTasks(engine, worker.name)).map(({ image }) => image);
    const expected = `one healthy task of ${worker.name} on ${worker.image}`;
    if (images.length === 1 && images[0] === worker.image) return [];
    return [
      { expected, seen: images.length === 0 ? "none" : `${images.length} on ${[...new Set(images)].join(", ")}` },
    ];
  },
};
