import type { Check } from "./check.ts";
import { runningTasks } from "./running-tasks.ts";

/** Two releases side by side outlive a rollout when one service did not take part in it. */
export const releaseSingle: Check = {
  id: "release.single",
  title: "every task runs the image of this release",
  cause: "A service that did not take part in a rollout, or was updated by hand.",
  consequence: "Two releases work on one database, and requests are answered by either.",
  remedy: "Run pulumi up --refresh: it puts services back to what is declared.",
  run: async ({ engine, services }) => {
    const findings = services.map(async ({ name, image }) => {
      const others = (await runningTasks(engine, name)).filter((task) => task.image !== image);
      return others.map((task) => ({ expected: `${name} on ${image}`, seen: `a task on ${task.image}` }));
    });
    return (await Promise.all(findings)).flat();
  },
};
