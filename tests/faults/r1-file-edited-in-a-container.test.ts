import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "R1",
  class: "drift",
  title: "a file was edited inside of a container",
  covers:
    "files in containers that are not those of the image: changed, added, taken away, in services and in the database's container",
});

/** Where the engine keeps a running container's files. */
async function filesOf(place: Staged, role: string): Promise<string> {
  const { GraphDriver } = await docker.getContainer(await place.containerId(role)).inspect();
  return (GraphDriver as unknown as { Data: { MergedDir: string } }).Data.MergedDir;
}

/** What was done is gone after the next deployment of whatever. */
function lostAtTheNextDeployment(role: string, look: readonly string[], there: string) {
  return async (twin: Staged) => {
    expect((await twin.exec(role, look)).said).toContain(there);
    await twin.update(role, ({ TaskTemplate: { ContainerSpec } }) => {
      ContainerSpec.Labels = { ...ContainerSpec.Labels, next: "1" };
    });
    expect((await twin.exec(role, look)).said).not.toContain(there);
  };
}

testFaultsTogether([
  {
    title: "the gateway's configuration",
    byHand: async (place) => {
      await place.renewOnReset("gateway");
      appendFileSync(path.join(await filesOf(place, "gateway"), "etc/nginx/nginx.conf"), "# faster\n");
    },
    breaks: lostAtTheNextDeployment("gateway", ["cat", "/etc/nginx/nginx.conf"], "# faster"),
    spoils: true,
    steps: ["drift"],
    caught: { id: "drift.changed-file", words: /\/etc\/nginx\/nginx\.conf/ },
  },
  {
    title: "a mended template of the application",
    byHand: async (place) => {
      await place.renewOnReset("app");
      appendFileSync(path.join(await filesOf(place, "app"), "app/templates/404.html"), "<!-- mended -->");
    },
    breaks: lostAtTheNextDeployment("app", ["cat", "/app/templates/404.html"], "mended"),
    spoils: true,
    steps: ["drift"],
    caught: { id: "drift.changed-file", words: /\/app\/templates\/404\.html/ },
  },
  {
    title: "a module that was put into the worker's packages",
    byHand: async (place) => {
      await place.renewOnReset("etl");
      const folder = path.join(await filesOf(place, "etl"), "app/hotfix");
      mkdirSync(folder);
      writeFileSync(path.join(folder, "__init__.py"), "MENDED = True\n");
    },
    breaks: lostAtTheNextDeployment("etl", ["sh", "-c", "ls /app"], "hotfix"),
    spoils: true,
    steps: ["drift"],
    caught: { id: "drift.changed-file", words: /\/app\/hotfix/ },
  },
]);
