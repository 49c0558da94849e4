import { DECLARATION_LABEL, endedByItself, type RunningService, tasksOf } from "../../engine/service-rollout.ts";
import { taskLogTail } from "../../engine/task-logs.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";

const MINUTES = 10;
/** Tasks of before an engine's restart end so, and nothing is wrong with them. */
const ENGINE_WENT_AWAY = 255;
/** Of one replica: one may end by chance, such as while the database is replaced or the engine starts again. */
const AGAIN = 2;
const QUOTED_LINES = 6;

/** A task that dies after it was healthy passes a rollout, and the one that replaces it looks well for a while. */
export const releaseSteady: Check = {
  id: "release.steady",
  title: "no task of this release ends again and again",
  cause: "A row, a message or a request that the process does not bear, or memory that grows to its limit.",
  consequence: "The service starts and ends for ever: its work is never done, and requests that it was at are lost.",
  remedy: "Mend what the task's last lines say.",
  run: async (environment) =>
    (await Promise.all(environment.services.map(async ({ name }) => await endings(environment.engine, name)))).flat(),
};

/** Of the declaration that runs now, in the last minutes. */
async function endings(engine: DeployedEnvironment["engine"], name: string): Promise<Finding[]> {
  const { Spec } = (await engine.getService(name).inspect()) as RunningService;
  const since = Date.now() - MINUTES * 60_000;
  const ended = (await tasksOf(engine, name))
    .filter(
      (task) =>
        task.Spec.ContainerSpec.Labels?.[DECLARATION_LABEL] === Spec.Labels?.[DECLARATION_LABEL] &&
        endedByItself(task) &&
        task.Status.ContainerStatus?.ExitCode !== ENGINE_WENT_AWAY &&
        Date.parse(task.Status.Timestamp) >= since,
    )
    .sort((one, other) => one.Status.Timestamp.localeCompare(other.Status.Timestamp));
  const last = ended.at(-1);
  if (last === undefined) return [];
  const again = Math.max(...[...Map.groupBy(ended, ({ Slot }) => Slot).values()].map(({ length }) => length));
  const words = (await taskLogTail(engine, last.ID)).slice(-QUOTED_LINES);
  return [
    {
      expected: `tasks of ${name} that stay`,
      seen: `${ended.length} ended in the last ${MINUTES} minutes: ${[last.Status.Err ?? last.Status.State, ...words].join("\n")}`,
      ...(again < AGAIN ? { warning: true as const } : {}),
    },
  ];
}
