import { describe, expect, it } from "vitest";
import { etlAlive } from "../../../rehearsal/checks/etl-alive.ts";
import { releaseSingle } from "../../../rehearsal/checks/release-single.ts";
import { runningTasks } from "../../../rehearsal/checks/running-tasks.ts";
import { fakeEngine } from "../engine/fake-engine.ts";
import { deployedEnvironment } from "./gateway.ts";

const APPLICATION = "shop/application:2";

function task(image: string, state = "running") {
  return {
    ID: `${image}-${state}`,
    CreatedAt: "2026-01-02T03:04:05Z",
    Status: { State: state },
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
      { id: "a-running", image: "a", startedAt: Date.parse("2026-01-02T03:04:05Z") },
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
