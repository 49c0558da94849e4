import { expect, it } from "vitest";
import { wasKilled } from "../../../../../rehearsal/run/load/tasks.ts";

it.each([
  ["a task that was told to end and had to be killed", "shutdown", 137, true],
  ["one that ended when it was told to", "shutdown", 0, false],
  ["one that the signal ended", "shutdown", 143, false],
  ["one that the kernel ended for want of memory", "failed", 137, false],
])("%s", (_what, state, exitCode, killed) => {
  const status = { State: state, Timestamp: "2026-01-01T00:00:00Z", ContainerStatus: { ExitCode: exitCode } };
  expect(wasKilled(status)).toBe(killed);
});
