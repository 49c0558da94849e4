import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { docker } from "../integration/images/support.ts";
import { forgetRuns } from "./harness/etl-runs.ts";
import { describeFault } from "./harness/fault.ts";
import { type Staged, setVariable } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "E2",
  class: "ETL and services",
  title: "two schedulers: every job twice",
  covers:
    "workers that run more than once: more tasks than declared, workers beside the declared one, processes in other services",
});

const SETTLE_MILLISECONDS = 12_000;
/** Without the lock that the project brings, as most projects are; and so slow that it is seen. */
const CHANGES = {
  "etl/locks.py": [
    "import time",
    "from contextlib import contextmanager",
    "",
    "",
    "class FeedBusyError(Exception):",
    '    """Never raised: nothing is locked."""',
    "",
    "",
    "@contextmanager",
    "def feed_lock(feed):",
    "    time.sleep(3)",
    "    yield",
    "",
  ].join("\n"),
};

/** A worker runs each feed once for its release: as if none had, both begin anew, and both say that they did it. */
async function everyJobTwice(twin: Staged): Promise<void> {
  await expect
    .poll(
      async () => {
        await forgetRuns(twin, "twice");
        await sleep(SETTLE_MILLISECONDS);
        const { Image } = await twin.running("etl");
        const workers = await docker.listContainers({ filters: { ancestor: [Image] } });
        const logs = await Promise.all(
          workers.map(async ({ Id }) => await docker.getContainer(Id).logs({ stdout: true, stderr: true, tail: 500 })),
        );
        return logs.filter((log) => /weather\.csv: succeeded/.test(log.toString("utf8"))).length;
      },
      { timeout: 120_000 },
    )
    .toBeGreaterThan(1);
}

/** A release of its own name: its worker has done nothing yet. */
async function anew(place: Staged, tasks: number): Promise<void> {
  await forgetRuns(place, "twice");
  await place.update("etl", (spec) => {
    const { ContainerSpec } = spec.TaskTemplate;
    setVariable(ContainerSpec, "RELEASE", "twice");
    setVariable(ContainerSpec, "ETL_INTERVAL_SECONDS", "1");
    spec.Mode = { Replicated: { Replicas: tasks } };
  });
}

testFaults([
  {
    title: "the worker was scaled to two tasks",
    release: { changes: CHANGES },
    byHand: (place) => anew(place, 2),
    breaks: everyJobTwice,
    caught: { id: "etl.alive", words: /expected one healthy task of \S+-etl on \S+; seen 2 on/ },
  },
  {
    title: "a second worker was started by hand",
    release: { changes: CHANGES },
    byHand: async (place) => {
      await anew(place, 1);
      const { Image, Env = [] } = await place.running("etl");
      const secrets = JSON.stringify(place.deployed().releaseContainer.secrets);
      const start = 'echo "$SECRETS" | /opt/rehearsal/run exec --secrets-from-stdin -- python manage.py etl_worker';
      await place.beside(
        { Image, Entrypoint: ["sh", "-c", start], Env: [...Env, `SECRETS=${secrets}`], User: "10001" },
        ["data"],
      );
    },
    breaks: everyJobTwice,
    steps: ["drift"],
    caught: { id: "drift.undeclared-container", words: /which is attached to network \S+-data/ },
  },
]);
