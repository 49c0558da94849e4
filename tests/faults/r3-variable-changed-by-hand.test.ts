import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { type Staged, setVariable } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "R3",
  class: "drift",
  title: "a variable was changed by hand on a running service: going back to older code does not mend it",
  covers:
    "settings of services and of the database that nobody declared: variables, commands, limits, tasks, parameters of the server",
});

const READ = (name: string) => ["sh", "-c", `echo "[$${name}]"`];

/** Older code is released by its image, and what was changed by hand stays. */
async function codeRolledBack(twin: Staged, role: string): Promise<void> {
  await twin.update(role, ({ TaskTemplate: { ContainerSpec } }) => {
    ContainerSpec.Image = twin.service(role).TaskTemplate.ContainerSpec.Image;
  });
}

testFaultsTogether([
  {
    title: "a variable of the application",
    byHand: (place) =>
      place.update("app", ({ TaskTemplate: { ContainerSpec } }) => {
        setVariable(ContainerSpec, "ETL_ROW_FLOOR", "0007");
      }),
    breaks: async (twin) => {
      await codeRolledBack(twin, "app");
      expect((await twin.exec("app", READ("ETL_ROW_FLOOR"))).said).toContain("[0007]");
    },
    spoils: true,
    steps: ["drift"],
    caught: {
      id: "drift.variable",
      words: /service \S+-app, variable ETL_ROW_FLOOR: declared is nothing, found is "0007"/,
    },
  },
  {
    title: "the worker's number of tasks",
    byHand: (place) =>
      place.update("static", (spec) => {
        spec.Mode = { Replicated: { Replicas: 2 } };
      }),
    breaks: async (twin) => {
      await codeRolledBack(twin, "static");
      expect(await twin.tasks("static")).toBe(2);
    },
    spoils: true,
    steps: ["drift"],
    caught: { id: "drift.tasks", words: /service \S+-static, tasks: declared is "1", found is "2"/ },
  },
  {
    title: "a parameter of the database's server",
    byHand: async (place) => {
      await place.sql("ALTER SYSTEM SET statement_timeout = '90s'");
      await place.sql("SELECT pg_reload_conf()");
      place.onReset(async () => {
        await place.sql("ALTER SYSTEM RESET statement_timeout");
        await place.sql("SELECT pg_reload_conf()");
      });
    },
    breaks: async (twin) => {
      await codeRolledBack(twin, "app");
      const { said } = await twin.manage(
        "app",
        "shell",
        "-c",
        "from django.db import connection; c = connection.cursor(); c.execute('SHOW statement_timeout'); print(c.fetchone())",
      );
      expect(said).toMatch(/90s|1.5min/);
    },
    spoils: true,
    steps: ["drift"],
    caught: { id: "drift.database-setting", words: /statement_timeout/ },
  },
]);
