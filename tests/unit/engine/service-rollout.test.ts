import { describe, expect, it } from "vitest";
import {
  DECLARATION_LABEL,
  DISPLACED_LABEL,
  judge,
  labelAfter,
  type RunningService,
  type Task,
} from "../../../engine/service-rollout.ts";

const STARTED = Date.parse("2026-01-01T12:00:00Z");
const DECLARED = { name: "app", declaration: "new" };

function service(label: string, replicas: number, update?: RunningService["UpdateStatus"]): RunningService {
  return {
    ID: "s1",
    Spec: { Labels: { [DECLARATION_LABEL]: label }, Mode: { Replicated: { Replicas: replicas } } },
    ...(update === undefined ? {} : { UpdateStatus: update }),
  };
}

function task(label: string, state: string, desired = "running", at = "2026-01-01T12:00:05Z"): Task {
  return {
    ID: `${label}-${state}-${at}`,
    CreatedAt: at,
    DesiredState: desired,
    Spec: { ContainerSpec: { Labels: { [DECLARATION_LABEL]: label } } },
    Status: { State: state, Timestamp: at },
  };
}

const failedAt = (second: number) => task("new", "failed", "shutdown", new Date(STARTED + second * 1000).toISOString());

describe("a service is converged", () => {
  it("when as many tasks of the declaration run as are declared", () => {
    const tasks = [task("new", "running"), task("new", "running")];
    expect(judge(service("new", 2), tasks, DECLARED, STARTED)).toBe("converged");
  });

  it("whatever tasks of before have ended", () => {
    const tasks = [task("old", "shutdown", "shutdown"), task("new", "failed", "shutdown"), task("new", "running")];
    expect(judge(service("new", 1), tasks, DECLARED, STARTED)).toBe("converged");
  });

  it("when swarm has completed the update", () => {
    const done = service("new", 1, { State: "completed" });
    expect(judge(done, [task("new", "running")], DECLARED, STARTED)).toBe("converged");
  });
});

describe("a service is pending", () => {
  it.each<[when: string, tasks: Task[]]>([
    ["no task has been created", []],
    ["a task prepares or waits for its health check", [task("new", "running"), task("new", "starting")]],
    ["too few tasks run", [task("new", "running")]],
    ["too many tasks run, as after fewer were declared", [1, 2, 3].map(() => task("new", "running"))],
    ["a task runs that is to stop", [task("new", "running"), task("new", "running", "shutdown")]],
    [
      "a task of the release before still serves",
      [task("new", "running"), task("new", "running"), task("old", "running")],
    ],
  ])("when %s", (_, tasks) => {
    expect(judge(service("new", 2), tasks, DECLARED, STARTED)).toBe("pending");
  });

  it("as long as swarm updates, whatever has failed: it rolls back by itself", () => {
    const updating = service("new", 1, { State: "updating" });
    const failures = [1, 2, 3, 4].map(failedAt);
    expect(judge(updating, [...failures, task("new", "running")], DECLARED, STARTED)).toBe("pending");
    expect(judge(updating, failures, DECLARED, STARTED)).toBe("pending");
  });

  it("after fewer failures than are tolerated", () => {
    expect(judge(service("new", 1), [1, 2].map(failedAt), DECLARED, STARTED)).toBe("pending");
  });

  it("after failures that are older than this deployment", () => {
    expect(judge(service("new", 1), [-30, -20, -10, 1].map(failedAt), DECLARED, STARTED)).toBe("pending");
  });

  it("after failures of another declaration", () => {
    const failures = [1, 2, 3].map(() => task("old", "failed", "shutdown"));
    expect(judge(service("new", 1), failures, DECLARED, STARTED)).toBe("pending");
  });
});

describe("a service has failed", () => {
  it("when swarm has put the declaration before in place of this one", () => {
    const back = service("old", 1, { State: "rollback_completed" });
    expect(judge(back, [task("old", "running")], DECLARED, STARTED)).toBe("failed");
  });

  it("when swarm has a specification without our label", () => {
    const foreign: RunningService = { ID: "s1", Spec: { Mode: {} } };
    expect(judge(foreign, [], DECLARED, STARTED)).toBe("failed");
  });

  it.each(["failed", "rejected", "orphaned"])("when its first tasks end as %s again and again", (state) => {
    const tasks = [1, 2, 3].map((second) => ({
      ...failedAt(second),
      Status: { State: state, Timestamp: failedAt(second).Status.Timestamp },
    }));
    expect(judge(service("new", 1), tasks, DECLARED, STARTED)).toBe("failed");
  });
});

describe("the declaration's label", () => {
  it("is the hash", () => {
    expect(labelAfter(service("old", 1), "new")).toBe("new");
    expect(labelAfter(service("old", 1, { State: "completed" }), "new")).toBe("new");
    expect(labelAfter({ ID: "s1", Spec: { Mode: {} } }, "new")).toBe("new");
  });

  it("stays what it is while that declaration runs, so that nothing changes", () => {
    expect(labelAfter(service("new", 1), "new")).toBe("new");
    expect(labelAfter(service("new.k3", 1, { State: "rollback_completed" }), "new")).toBe("new.k3");
    // A longer hash that begins alike is another declaration.
    expect(labelAfter(service("newer", 1), "new")).toBe("new");
  });

  it("is one that the state does not know where a killed command has left the service displaced", () => {
    const displaced = service("new", 1, { State: "completed", StartedAt: "2026-01-01T12:00:00.5Z" });
    const marked = {
      ...displaced,
      Spec: { ...displaced.Spec, Labels: { ...displaced.Spec.Labels, [DISPLACED_LABEL]: "{}" } },
    };
    expect(labelAfter(marked, "new")).toMatch(/^new\.[0-9a-z]+$/);
  });

  it.each(["rollback_started", "rollback_paused", "rollback_completed"])(
    "is one that the state does not know after %s, so that the next deployment tries again",
    (state) => {
      const label = labelAfter(service("old", 1, { State: state, StartedAt: "2026-01-01T12:00:00.5Z" }), "new");
      expect(label).toMatch(/^new\.[0-9a-z]+$/);
      const again = labelAfter(service("old", 1, { State: state, StartedAt: "2026-01-01T13:00:00Z" }), "new");
      expect(again).not.toBe(label);
      expect(labelAfter(service(label, 1), "new")).toBe(label);
    },
  );
});
