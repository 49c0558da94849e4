import { describe, expect, it } from "vitest";
import { databaseMigrations } from "../../../rehearsal/checks/database-migrations.ts";
import { etlAlive } from "../../../rehearsal/checks/etl-alive.ts";
import { releaseSingle } from "../../../rehearsal/checks/release-single.ts";
import { runningTasks } from "../../../rehearsal/checks/running-tasks.ts";
import type { MigrationPlan } from "../../../rehearsal/migration/migrate.ts";
import { type EngineAnswer, fakeEngine, streamFrame } from "../engine/fake-engine.ts";
import { deployedEnvironment } from "./gateway.ts";

const APPLICATION = "shop/application:2";

function task(image: string, state = "running") {
  return { ID: `${image}-${state}`, Status: { State: state }, Spec: { ContainerSpec: { Image: image } } };
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
    expect(await runningTasks(environment.engine, "one")).toEqual([{ id: "a-running", image: "a" }]);
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

describe("database.migrations", () => {
  /** The check on an engine whose container prints `output` and ends with `exitCode`. */
  async function run(output: string, exitCode = 0) {
    const answers: Record<string, EngineAnswer> = {
      "GET /networks/shop-sandbox-data": { status: 200, body: {} },
      "POST /containers/create": { status: 201, body: { Id: "c1" } },
      "POST /containers/c1/wait": { status: 200, body: { StatusCode: exitCode } },
      "POST /containers/c1/start": { status: 204 },
    };
    const engine = await fakeEngine(
      ({ call }) => answers[call],
      (socket) => {
        socket.once("data", () => {
          socket.end(Buffer.concat([streamFrame("stderr", "starting\n"), streamFrame("stdout", output)]));
        });
      },
    );
    const environment = { ...deployedEnvironment([], { address: "", port: 1 }, ""), engine: engine.docker };
    return { findings: databaseMigrations.run(environment), engine };
  }

  const plan = (changes: Partial<MigrationPlan>) =>
    JSON.stringify({
      database: "reachable",
      applied: 3,
      pending: [],
      conflicts: [],
      inconsistencies: [],
      missing: [],
      lint: [],
      ...changes,
    } satisfies MigrationPlan);

  it("passes where the release has nothing left to run", async () => {
    const { findings, engine } = await run(plan({}));
    expect(await findings).toEqual([]);
    const create = engine.requests.find(({ call }) => call === "POST /containers/create");
    expect(create?.body).toMatchObject({
      name: expect.stringMatching(/^shop-sandbox-check-plan-[0-9a-f]{8}$/) as string,
      Cmd: ["/opt/rehearsal/run", "plan", "--secrets-from-stdin"],
    });
  });

  it("names the migrations that are pending", async () => {
    const runnable = { operations: [], sql: [], atomic: true, reversible: true, tables: [] };
    const pending = [
      { app: "flights", name: "0007_gate", ...runnable },
      { app: "reports", name: "0002_index", ...runnable },
    ];
    const { findings } = await run(plan({ pending }));
    expect(await findings).toEqual([
      { expected: "no pending migration", seen: "flights.0007_gate, reports.0002_index" },
    ]);
  });

  it("fails where the release reaches no database, although nothing is known to be pending", async () => {
    const { findings } = await run(plan({ database: "absent" }));
    expect(await findings).toEqual([{ expected: "a database that the release reaches", seen: "none" }]);
  });

  it("is an error with the release's own words where they cannot be read", async () => {
    const { findings } = await run("ImproperlyConfigured: SECRET\n", 1);
    await expect(findings).rejects.toThrow(
      /^The release's migrations cannot be read:\n.*ImproperlyConfigured: SECRET/s,
    );
  });
});
