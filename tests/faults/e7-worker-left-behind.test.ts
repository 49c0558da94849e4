import { expect } from "vitest";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "E7",
  class: "ETL and services",
  title: "the worker was left on the old image: versions are mixed",
  covers:
    "processes of another release than the one that was deployed: services that took no part, single tasks, workers beside the declared one",
});

const CHANGES = { "flights/delays.py": "DELAYED_FROM_MINUTES = 45\n" };
const READ = ["python", "-c", "from flights.delays import DELAYED_FROM_MINUTES; print(DELAYED_FROM_MINUTES)"];

/** Two processes of one system that count by different rules. */
async function mixed(twin: Staged): Promise<void> {
  const [app, etl] = [await twin.exec("app", READ), await twin.exec("etl", READ)];
  expect([app.exitCode, etl.exitCode]).toEqual([0, 0]);
  expect(app.said).not.toBe(etl.said);
}

testFaults([
  {
    title: "the worker took no part in the release",
    release: { changes: CHANGES, roles: ["app"] },
    breaks: mixed,
    caught: { id: "release.single", words: /expected \S+-etl on \S+; seen a task on \S+/ },
  },
  {
    title: "the application was put back by hand, the worker was not",
    release: { changes: CHANGES, roles: ["etl"] },
    breaks: mixed,
    caught: { id: "release.single", words: /expected \S+-app on \S+; seen a task on \S+/ },
  },
  {
    title: "a worker of the release before was started beside, and never stopped",
    byHand: async (place) => {
      const { Env = [] } = place.service("etl").TaskTemplate.ContainerSpec;
      const secrets = JSON.stringify(place.deployed().releaseContainer.secrets);
      const started = await place.beside(
        {
          Image: place.image,
          Entrypoint: [
            "sh",
            "-c",
            'echo "$SECRETS" | /opt/rehearsal/run exec --secrets-from-stdin -- python manage.py etl_worker',
          ],
          Env: [...Env.filter((line) => !line.startsWith("RELEASE=")), "RELEASE=before", `SECRETS=${secrets}`],
          User: "10001",
        },
        ["data"],
      );
      place.onReset(() => place.sql("DELETE FROM etl_run WHERE release = 'before'"));
      place.notes["worker"] = started.id;
    },
    breaks: async (twin) => {
      await expect
        .poll(async () => (await twin.sql("SELECT 1 FROM etl_run WHERE release = 'before'")).length, {
          timeout: 60_000,
        })
        .toBeGreaterThan(0);
      expect((await docker.getContainer(twin.notes["worker"] ?? "").inspect()).State.Running).toBe(true);
    },
    steps: ["logs", "drift"],
    caught: { id: "drift.undeclared-container", words: /which is attached to network \S+-data/ },
  },
]);
