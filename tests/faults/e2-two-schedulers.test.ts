import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "E2",
  class: "ETL and services",
  title: "two schedulers: every job twice",
  covers:
    "workers that run more than once: more tasks than declared, workers beside the declared one, processes in other services",
});

/** Without the lock that the project brings, as most projects are; and so often that it is seen. */
const CHANGES = {
  "etl/locks.py": [
    "from contextlib import contextmanager",
    "",
    "",
    "class FeedBusyError(Exception):",
    '    """Never raised: nothing is locked."""',
    "",
    "",
    "@contextmanager",
    "def feed_lock(feed):",
    "    yield",
    "",
  ].join("\n"),
};

/** Each worker begins with a run of every feed, since its release has none yet. */
async function everyJobTwice(twin: Staged): Promise<void> {
  await expect
    .poll(
      async () => {
        const [most] = await twin.sql<{ count: string }>(
          "SELECT count(*) FROM etl_run WHERE release LIKE 'twice%' GROUP BY feed, file_name ORDER BY 1 DESC LIMIT 1",
        );
        return Number(most?.count ?? 0);
      },
      { timeout: 120_000 },
    )
    .toBeGreaterThan(1);
}

/** A release of its own name: its worker has done nothing yet. */
async function anew(place: Staged, tasks: number): Promise<void> {
  place.onReset(() => place.sql("DELETE FROM etl_run WHERE release LIKE 'twice%'"));
  await place.update("etl", (spec) => {
    const { ContainerSpec } = spec.TaskTemplate;
    ContainerSpec.Env = (ContainerSpec.Env ?? []).map((line) => (line.startsWith("RELEASE=") ? "RELEASE=twice" : line));
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
