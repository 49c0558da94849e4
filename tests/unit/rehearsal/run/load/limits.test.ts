import { describe, expect, it } from "vitest";
import { limitFindings } from "../../../../../rehearsal/run/load/limits.ts";
import { flapFindings } from "../../../../../rehearsal/run/load/tasks.ts";
import { secondTries, secondTryFindings } from "../../../../../rehearsal/run/load/upstream.ts";
import { readLook, readMemory } from "../../../../../rehearsal/run/load/watch.ts";
import { during, PHASES, samples, task } from "./samples.ts";

const MEBIBYTE = 1024 * 1024;
const [STEADY] = PHASES;

describe("limits under load", () => {
  const judged = (of: Parameters<typeof samples>[1], production?: Parameters<typeof limitFindings>[3]) =>
    limitFindings(samples(10, of), samples(10, of), ["app", "report"], production);

  it("are no matter where everything is far from them", () => {
    expect(judged(() => ({}), { tasks: 4, memoryBytes: { app: 384 * MEBIBYTE }, connections: 100 })).toEqual([]);
  });

  it("warn where a task's memory comes near to its limit", () => {
    expect(judged(() => ({ tasks: [task({ memoryBytes: 360 * MEBIBYTE })] }))).toMatchObject([
      { id: "load.memory-near-limit", severity: "warning", subject: "memory of a task of app" },
    ]);
  });

  it("stop the release where it needs more than production gives it", () => {
    const [finding] = judged(() => ({}), { tasks: 4, memoryBytes: { app: 96 * MEBIBYTE } });
    expect(finding).toMatchObject({ id: "load.memory-near-limit", severity: "blocking" });
    expect(finding?.cause).toContain("production's limit is 101 MB");
  });

  it("stop it where not all workers may become as large as one", () => {
    const filled = (megabytes: number, seen = 10) =>
      judged((index) => ({ tasks: [task(index < seen ? { filledBytes: megabytes * MEBIBYTE } : {})] }));
    expect(filled(420)).toMatchObject([
      { id: "load.memory-pool", severity: "blocking", subject: "memory of a task of app" },
    ]);
    expect(filled(420)[0]?.cause).toContain("once each of its workers is as large as the largest");
    expect(filled(420, 2)).toEqual([]);
    expect(filled(300)).toEqual([]);
  });

  it("stop it where the kernel has ended a worker, which comes again", () => {
    expect(judged((index) => ({ tasks: [task({ killed: index > 5 ? 3 : 1 })] }))).toMatchObject([
      { id: "load.memory-killed", severity: "blocking", cause: expect.stringContaining("2 processes") as string },
    ]);
  });

  it("stop it where the database's server is full", () => {
    expect(judged((index) => (index === 4 ? { open: 96 } : {}))).toMatchObject([
      { id: "load.connections-full", severity: "blocking" },
    ]);
  });

  it("warn where production's tasks would open more than its server takes", () => {
    const production = { tasks: 4, memoryBytes: {}, connections: 100 };
    const [finding] = judged(() => ({ connections: { app: 12, report: 4, etl: 40 } }), production);
    expect(finding).toMatchObject({ id: "load.production-connections", severity: "warning" });
    expect(finding?.cause).toContain("may open 128 during an update");
  });
});

describe("health checks under load", () => {
  const failing = (times: readonly number[]) =>
    samples(10, () => ({ tasks: [task({ failedChecks: times.map((time) => new Date(time).toISOString()) })] }));

  it("warn where some fail, each counted once", () => {
    const [steady] = [STEADY];
    if (steady === undefined) throw new Error("no phase");
    expect(flapFindings(failing([1000, 3000]), steady)).toMatchObject([
      { id: "load.health-flaps", cause: expect.stringContaining("2 checks") as string },
    ]);
    expect(flapFindings(failing([1000]), steady)).toEqual([]);
    // Of a task that is being replaced.
    expect(flapFindings(failing([21_000, 23_000, 25_000]), steady)).toEqual([]);
  });
});

describe("the gateway's log of requests", () => {
  const line = (statuses: string, at: number) =>
    JSON.stringify({ time: new Date(at).toISOString(), path: "/", status: 200, upstream_status: statuses });

  it("tells of requests that were given to a second task", () => {
    const at = during("away");
    const log = ["not JSON", line("200", at), line("502, 200", at), '{"broken'].join("\n");
    expect(secondTries(log)).toEqual([{ at, path: "/", statuses: "502, 200" }]);
  });

  it("warns of more than chance makes", () => {
    const tries = (number: number) =>
      Array.from({ length: number }, () => ({ at: during("away"), path: "/", statuses: "502, 200" }));
    expect(secondTryFindings(tries(2), PHASES, undefined)).toEqual([]);
    expect(secondTryFindings(tries(3), PHASES, undefined)).toMatchObject([
      { id: "load.second-tries", severity: "warning", subject: expect.stringContaining("rolling update") as string },
    ]);
  });
});

describe("what the engine says of a task's memory", () => {
  const memory = (stats: Record<string, number>) =>
    readMemory({ memory_stats: { usage: 100, limit: 400, stats } as never });

  it("is what the kernel cannot take back, in control groups of both versions", () => {
    expect(memory({ inactive_file: 10, active_file: 20 })).toEqual({ memoryBytes: 70, memoryLimit: 400 });
    expect(memory({ inactive_file: 1, total_inactive_file: 10, total_active_file: 20 })?.memoryBytes).toBe(70);
  });

  it("is nothing of one that has ended", () => {
    expect(readMemory({ memory_stats: {} as never })).toBeUndefined();
  });

  it("comes with what its kernel has ended and its processes have open", () => {
    expect(readLook(["files 41", "oom_kill_disable 0", "under_oom 0", "oom_kill 2"])).toEqual({ files: 41, killed: 2 });
    expect(readLook(["files 0", "low 0"])).toEqual({});
    const pool = [
      "process 0-run 9000",
      "process 1-gunicorn 8000",
      "process 7-gunicorn 40000",
      "process 7-gunicorn 30000",
    ];
    expect(readLook(pool)).toEqual({ missingBytes: 10_000 * 1024 });
  });
});
