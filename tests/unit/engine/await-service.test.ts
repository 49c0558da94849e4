import { describe, expect, it } from "vitest";
import { awaitService, DECLARATION_LABEL, declarationLabel } from "../../../engine/service-rollout.ts";
import { type EngineAnswer, fakeEngine, streamFrame } from "./fake-engine.ts";

const DECLARED = { name: "shop-app", declaration: "new" };
const NEVER = Number.POSITIVE_INFINITY;

function service(label: string, update?: object): EngineAnswer {
  const Spec = { Labels: { [DECLARATION_LABEL]: label }, Mode: { Replicated: { Replicas: 1 } } };
  return { status: 200, body: { ID: "s1", Spec, ...(update === undefined ? {} : { UpdateStatus: update }) } };
}

function task(id: string, label: string, status: object, desired = "running") {
  return {
    ID: id,
    CreatedAt: `2026-01-01T12:00:0${id.at(-1) ?? ""}Z`,
    DesiredState: desired,
    Spec: { ContainerSpec: { Labels: { [DECLARATION_LABEL]: label } } },
    Status: { Timestamp: new Date(Date.now() + 60_000).toISOString(), ...status },
  };
}

const running = (id: string, label: string) => task(id, label, { State: "running" });
const failed = (id: string, more: object = {}) => task(id, "new", { State: "failed", ...more }, "shutdown");

/** An engine that gives one answer after another; the last one again and again. */
async function engineWith(
  scenes: readonly { service: EngineAnswer; tasks: readonly object[] }[],
  logs?: EngineAnswer,
  container?: EngineAnswer,
) {
  let at = -1;
  return await fakeEngine(({ call }) => {
    if (call === "GET /services/shop-app") {
      at = Math.min(at + 1, scenes.length - 1);
      return scenes[at]?.service;
    }
    if (call === "GET /tasks") return { status: 200, body: scenes[at]?.tasks };
    if (call === "GET /containers/c1/json") return container;
    return /^GET \/tasks\/.*\/logs$/.test(call) ? logs : undefined;
  });
}

describe("waiting for a service", () => {
  it("ends when its tasks run, and asks for this service's tasks only", async () => {
    const engine = await engineWith([
      { service: service("new", { State: "updating" }), tasks: [running("t1", "old")] },
      { service: service("new", { State: "updating" }), tasks: [running("t1", "old"), running("t2", "new")] },
      { service: service("new", { State: "completed" }), tasks: [running("t2", "new")] },
    ]);
    const outcome = await awaitService(engine.docker, DECLARED, NEVER);
    expect(outcome).toEqual({ state: "converged", seconds: expect.any(Number) as number });
    const asked = engine.requests.filter(({ call }) => call === "GET /tasks").map(({ query }) => query.get("filters"));
    expect(asked).toEqual(Array(3).fill('{"service":["s1"]}'));
  });

  it("ends with the failing task's error and its last log lines when swarm has rolled back", async () => {
    const logs = Buffer.concat([
      streamFrame("stderr", "Traceback\n"),
      streamFrame("stdout", "ImportError: no module named x\n"),
    ]);
    const status = { Err: "task: non-zero exit (1)", ContainerStatus: { ExitCode: 1 } };
    const engine = await engineWith(
      [
        { service: service("new", { State: "updating" }), tasks: [failed("t2", status)] },
        {
          service: service("old", { State: "rollback_completed" }),
          tasks: [running("t1", "old"), failed("t2", status), task("t3", "new", { State: "shutdown" }, "shutdown")],
        },
      ],
      { status: 200, body: logs },
    );
    expect(await awaitService(engine.docker, DECLARED, NEVER)).toEqual({
      state: "failed",
      reason:
        "service shop-app did not converge; swarm went back to the release before, which serves: " +
        "its task is failed: task: non-zero exit (1)",
      logs: ["Traceback", "ImportError: no module named x"],
    });
    expect(engine.calls().at(-1)).toBe("GET /tasks/t2/logs");
    expect(engine.requests.at(-1)?.query.get("tail")).toBe("80");
  });

  it("ends after three failures of a first release, with the exit code where the error lacks it", async () => {
    const tasks = ["t1", "t2", "t3"].map((id) => failed(id, { Err: "unhealthy", ContainerStatus: { ExitCode: 137 } }));
    const engine = await engineWith([{ service: service("new"), tasks }]);
    expect(await awaitService(engine.docker, DECLARED, NEVER)).toEqual({
      state: "failed",
      reason: "service shop-app did not converge: its task is failed: unhealthy (exit code 137)",
      logs: [],
    });
    expect(engine.calls().at(-1)).toBe("GET /tasks/t3/logs");
  });

  it("quotes what the health check of an unhealthy task printed when it failed last", async () => {
    const unhealthy = failed("t1", { Err: "unhealthy container", ContainerStatus: { ContainerID: "c1" } });
    const Log = [
      { ExitCode: 0, Output: "fine" },
      { ExitCode: 127, Output: "sh: curl: not found\n" },
      { ExitCode: 0, Output: "fine" },
    ];
    const container = { status: 200, body: { State: { Health: { Log } }, Config: {} } };
    const scenes = [{ service: service("new"), tasks: [unhealthy, unhealthy, unhealthy] }];
    const engine = await engineWith(scenes, undefined, container);
    expect(await awaitService(engine.docker, DECLARED, NEVER)).toMatchObject({
      logs: ["health check: sh: curl: not found"],
    });
  });

  it("takes tasks that end well, again and again, for failures, and tells those that are unhealthy from others", async () => {
    const ended = task("t1", "new", { State: "complete", ContainerStatus: { ContainerID: "c1" } }, "shutdown");
    const scenes = [{ service: service("new"), tasks: [ended, ended, ended] }];
    const reasons: string[] = [];
    const Log = [{ ExitCode: 1, Output: "no answer" }];
    // What fails while it starts does not count.
    for (const FailingStreak of [0, 2, 3]) {
      const Config = { Healthcheck: { Retries: 3 } };
      const container = { status: 200, body: { State: { Health: { Log, FailingStreak } }, Config } };
      const outcome = await awaitService((await engineWith(scenes, undefined, container)).docker, DECLARED, NEVER);
      reasons.push(outcome.state === "failed" ? outcome.reason : outcome.state);
    }
    const background =
      "service shop-app did not converge: its task ended without an error, although nobody told it to: a service's process must stay in the foreground";
    expect(reasons).toEqual([
      background,
      background,
      "service shop-app did not converge: its task was unhealthy, and ended without an error when it was told to",
    ]);
  });

  it("does without where its container is gone", async () => {
    const unhealthy = failed("t1", { Err: "unhealthy container", ContainerStatus: { ContainerID: "c1" } });
    const engine = await engineWith([{ service: service("new"), tasks: [unhealthy, unhealthy, unhealthy] }]);
    expect(await awaitService(engine.docker, DECLARED, NEVER)).toMatchObject({ state: "failed", logs: [] });
  });

  it("ends at the deadline with what the task waits for", async () => {
    const waiting = task("t1", "new", { State: "pending", Err: "no suitable node (insufficient memory)" });
    const engine = await engineWith([{ service: service("new"), tasks: [waiting] }]);
    const outcome = await awaitService(engine.docker, DECLARED, Date.now() - 1);
    expect(outcome).toMatchObject({
      reason:
        "service shop-app did not converge within 0 s: its task is pending: no suitable node (insufficient memory)",
    });
  });

  it("says so where no task was started", async () => {
    const engine = await engineWith([{ service: service("new"), tasks: [] }]);
    const outcome = await awaitService(engine.docker, DECLARED, Date.now() - 1);
    expect(outcome).toMatchObject({
      state: "failed",
      logs: [],
      reason: expect.stringMatching(/: no task was started$/) as string,
    });
  });
});

describe("the declaration label of a service", () => {
  it("is the hash where the service does not exist yet", async () => {
    const engine = await fakeEngine(() => undefined);
    expect(await declarationLabel(engine.docker, "shop-app", "new")).toBe("new");
  });

  it("follows from what runs", async () => {
    const rolledBack = service("old", { State: "rollback_completed", StartedAt: "2026-01-01T12:00:00Z" });
    const engine = await engineWith([{ service: rolledBack, tasks: [] }]);
    expect(await declarationLabel(engine.docker, "shop-app", "new")).toMatch(/^new\../);
  });

  it("is an error where the engine cannot say: a guess would roll a service for nothing", async () => {
    const engine = await fakeEngine(() => ({ status: 503, body: { message: "This node is not a swarm manager" } }));
    await expect(declarationLabel(engine.docker, "shop-app", "new")).rejects.toThrow("not a swarm manager");
  });
});
