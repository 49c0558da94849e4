import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { withConnection } from "../../engine/postgres.ts";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "P5",
  class: "engine and network",
  title: "a shell keeps the signal to stop from what a task runs",
  covers: "commands below a shell that hands no SIGTERM on, in whatever service and however the shell came there",
});

/** Longer than a task serves on after it was told to stop. */
const UNDER_WAY_MILLISECONDS = 6_000;

function started(role: string, command: "serve" | "worker", ...words: readonly string[]) {
  return (place: Staged) =>
    place.update(role, ({ TaskTemplate: { ContainerSpec } }) => {
      ContainerSpec.Command = ["/opt/rehearsal/run", command, "--", ...words];
    });
}

/** Status of a request that is under way when its task is told to stop; 0 for none. */
async function answeredWhileStopping(twin: Staged): Promise<number> {
  return await withConnection(twin.context().administration, async (client) => {
    await client.query("BEGIN; LOCK TABLE flights_airport IN ACCESS EXCLUSIVE MODE");
    const status = twin.get("/airports/").then(
      (seen) => seen.status,
      () => 0,
    );
    await sleep(1_000);
    const stopped = docker.getContainer(await twin.containerId("app")).stop({ t: 30 });
    await sleep(UNDER_WAY_MILLISECONDS);
    await client.query("COMMIT");
    await stopped;
    return await status;
  });
}

testFaults([
  {
    title: "the application behind a command line",
    byHand: started("app", "serve", "sh", "-c", "gunicorn airways.wsgi:application; true"),
    breaks: async (twin) => {
      expect(await answeredWhileStopping(twin)).not.toBe(200);
    },
    spoils: true,
    caught: { id: "release.stop-signal", words: /-app without a shell before its command; seen sh -c gunicorn/ },
  },
  {
    title: "the application behind a script",
    release: {
      steps: `RUN printf '#!/bin/sh\\ngunicorn airways.wsgi:application\\n' > /app/start && chmod 755 /app/start`,
    },
    byHand: started("app", "serve", "/app/start"),
    breaks: async (twin) => {
      expect(await answeredWhileStopping(twin)).not.toBe(200);
    },
    spoils: true,
    caught: {
      id: "release.stop-signal",
      words: /-app without a shell before its command; seen \/bin\/sh \/app\/start/,
    },
  },
  {
    title: "the ETL worker",
    byHand: started("etl", "worker", "sh", "-c", "python manage.py etl_worker; true"),
    breaks: async (twin) => {
      const worker = docker.getContainer(await twin.containerId("etl"));
      await worker.stop({ t: 30 });
      const log = await worker.logs({ stdout: true, stderr: true });
      expect(log.toString("utf8")).not.toContain("Stopped.");
    },
    spoils: true,
    caught: { id: "release.stop-signal", words: /-etl without a shell before its command; seen sh -c python/ },
  },
]);
