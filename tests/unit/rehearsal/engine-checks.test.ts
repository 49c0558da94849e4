import { describe, expect, it } from "vitest";
import { DECLARATION_LABEL } from "../../../engine/service-rollout.ts";
import { etlAlive } from "../../../rehearsal/checks/etl-alive.ts";
import { releaseSingle } from "../../../rehearsal/checks/release-single.ts";
import { releaseSteady } from "../../../rehearsal/checks/release-steady.ts";
import { runningTasks } from "../../../rehearsal/checks/running-tasks.ts";
import { fakeEngine } from "../engine/fake-engine.ts";
import { deployedEnvironment } from "./gateway.ts";

const APPLICATION = "shop/application:2";

function task(image: string, state = "running") {
  return {
    ID: `${image}-${state}`,
    CreatedAt: "2026-01-02T03:04:05Z",
    Status: { State: state, ContainerStatus: { ContainerID: `${image}-container` } },
    Spec: { ContainerSpec: { Image: image } },
  };
}

/** The environment on an engine with these tasks, by service. */
async function environmentWith(tasks: Readonly<Record<string, readonly object[]>>) {
  const { docker, requests } = await fakeEngine(({ call, query }) => {
    if (call !== "GET /tasks") return undefined;
    const filters = JSON.parse(query.get("filters") ?? "{}") as Record<string, string[]>;
    return { status: 200, body: tasks[filters["service"]?.[0] ?? ""] ?? [] };
  });
  return { environment: { ...deployedEnvironment([], { address: "", port: 1 }, ""), engine: docker }, requests };
}

const RELEASE = {
  "shop-sandbox-app": [task(APPLICATION), task(APPLICATION)],
  "shop-sandbox-static": [task("shop/static:2")],
  "shop-sandbox-gateway": [task("shop/gateway:1")],
  "shop-sandbox-etl": [task(APPLICATION)],
};

describe("running tasks", () => {
  it("are those that run and are meant to", async () => {
    const { environment, requests } = await environmentWith({
      one: [task("a"), task("b", "starting"), task("c", "failed")],
    });
    expect(await runningTasks(environment.engine, "one")).toEqual([
      { id: "a-running", container: "a-container", image: "a", startedAt: Date.parse("2026-01-02T03:04:05Z") },
    ]);
    expect(JSON.parse(requests[0]?.query.get("filters") ?? "")).toEqual({
      service: ["one"],
      "desired-state": ["running"],
    });
  });
});

describe("etl.alive", () => {
  it("passes with one worker on this release", async () => {
    const { environment } = await environmentWith(RELEASE);
    expect(await etlAlive.run(environment)).toEqual([]);
  });

  it.each<[what: string, tasks: object[], seen: string]>([
    ["no worker", [], "none"],
    ["a worker that is not healthy", [task(APPLICATION, "starting")], "none"],
    ["a worker of another release", [task("shop/application:1")], "1 on shop/application:1"],
    ["two schedulers", [task(APPLICATION), task(APPLICATION)], `2 on ${APPLICATION}`],
    ["two releases", [task(APPLICATION), task("shop/application:1")], `2 on ${APPLICATION}, shop/application:1`],
  ])("fails with %s", async (_, tasks, seen) => {
    const { environment } = await environmentWith({ ...RELEASE, "shop-sandbox-etl": tasks });
    const expected = `one healthy task of shop-sandbox-etl on ${APPLICATION}`;
    expect(await etlAlive.run(environment)).toEqual([{ expected, seen }]);
  });

  it("does not apply where the project has no worker", async () => {
    const { environment } = await environmentWith(RELEASE);
    expect(etlAlive.notApplicable?.(environment)).toBeUndefined();
    const services = environment.services.filter(({ role }) => role !== "etl");
    expect(etlAlive.notApplicable?.({ ...environment, services })).toBe("etl.command is none");
  });
});

describe("release.single", () => {
  it("passes where every task runs its service's image", async () => {
    const { environment } = await environmentWith(RELEASE);
    expect(await releaseSingle.run(environment)).toEqual([]);
  });

  it("names each service that runs another image beside or instead", async () => {
    const { environment } = await environmentWith({
      ...RELEASE,
      "shop-sandbox-app": [task(APPLICATION), task("shop/application:1")],
      "shop-sandbox-static": [task("shop/static:1")],
    });
    expect(await releaseSingle.run(environment)).toEqual([
      { expected: `shop-sandbox-app on ${APPLICATION}`, seen: "a task on shop/application:1" },
      { expected: "shop-sandbox-static on shop/static:2", seen: "a task on shop/static:1" },
    ]);
  });
});

describe("release.steady", () => {
  const NOW = "of the release";

  /** The environment's worker with tasks that ended so. */
  async function workerWith(
    ...ended: readonly { state?: string; ago?: number; exit?: number; declaration?: string; slot?: number }[]
  ) {
    const tasks = ended.map(({ state = "failed", ago = 1, exit = 1, declaration = NOW, slot = 1 }, number) => ({
      ID: `task-${number}`,
      Slot: slot,
      CreatedAt: new Date(Date.now() - (ago + 1) * 60_000).toISOString(),
      Spec: { ContainerSpec: { Labels: { [DECLARATION_LABEL]: declaration } } },
      Status: {
        State: state,
        Err: `task: non-zero exit (${exit})`,
        Timestamp: new Date(Date.now() - ago * 60_000).toISOString(),
        ContainerStatus: { ExitCode: exit },
      },
    }));
    const { docker } = await fakeEngine(({ call, query }) => {
      if (call === "GET /services/shop-sandbox-etl") {
        return { status: 200, body: { Spec: { Labels: { [DECLARATION_LABEL]: NOW }, Mode: {} } } };
      }
      if (call.startsWith("GET /services/")) return { status: 200, body: { Spec: { Mode: {} } } };
      const filters = JSON.parse(query.get("filters") ?? "{}") as Record<string, string[]>;
      return call === "GET /tasks"
        ? { status: 200, body: filters["service"]?.[0] === "shop-sandbox-etl" ? tasks : [] }
        : undefined;
    });
    return { ...deployedEnvironment([], { address: "", port: 1 }, ""), engine: docker };
  }

  it("fails with a task that ends again and again, and says with what", async () => {
    const [finding, ...others] = await releaseSteady.run(await workerWith({ ago: 3 }, { ago: 1, exit: 7 }));
    expect(finding).toEqual({
      expected: "tasks of shop-sandbox-etl that stay",
      seen: "2 ended in the last 10 minutes: task: non-zero exit (7)",
    });
    expect(others).toEqual([]);
  });

  it.each([
    ["one that ended once", [{}]],
    ["two replicas that ended once, as when the engine starts again", [{ slot: 1 }, { slot: 2 }]],
  ])("warns of %s", async (_, ended) => {
    expect(await releaseSteady.run(await workerWith(...ended))).toMatchObject([{ warning: true }]);
  });

  it.each([
    ["that run", { state: "running" }],
    ["that were asked to end", { state: "shutdown" }],
    ["of the release before", { declaration: "before" }],
    ["that ended long ago", { ago: 11 }],
    ["that ended with the engine", { exit: 255 }],
  ])("passes over tasks %s", async (_, task) => {
    expect(await releaseSteady.run(await workerWith(task, task))).toEqual([]);
  });
});
