import { describe, expect, it } from "vitest";
import { deafShells } from "../../../rehearsal/checks/release-stop-signal.ts";

const HANDLES_TERM = 0x4002n;

/** Processes of a container: `pid parent program`, and `traps` for those that handle SIGTERM. */
function processes(...lines: readonly string[]) {
  return lines.map((line) => {
    const [pid, parent, program = "", traps] = line.split(" ");
    const caught = traps === undefined ? 0x10002n : HANDLES_TERM;
    return { pid: Number(pid), parent: Number(parent), caught, command: `/bin/${program} of ${pid}` };
  });
}

const RUNTIME = ["10 1 docker-init", "11 10 python3 traps"];

describe("release.stop-signal", () => {
  it.each([
    [
      "below the runtime layer",
      [...RUNTIME, "12 11 sh", "13 12 gunicorn traps", "14 13 gunicorn traps"],
      "/bin/sh of 12",
    ],
    ["as the first process", ["10 1 bash", "11 10 nginx traps"], "/bin/bash of 10"],
    ["below an init", ["10 1 tini", "11 10 dash", "12 11 celery traps"], "/bin/dash of 11"],
  ])("finds a shell %s that waits for the command", (_, lines, found) => {
    expect(deafShells(processes(...lines), 10)).toEqual([found]);
  });

  it.each([
    ["the command alone", [...RUNTIME, "12 11 gunicorn traps"]],
    ["a shell that handles the signal", [...RUNTIME, "12 11 sh traps", "13 12 gunicorn traps"]],
    ["a shell that has nothing under way", [...RUNTIME, "12 11 sh"]],
    ["what the command starts in a shell", [...RUNTIME, "12 11 python traps", "13 12 sh", "14 13 pg_dump"]],
    ["a health check", ["20 1 sh", "21 20 python3", ...RUNTIME, "12 11 gunicorn traps"]],
    ["a container that has ended", []],
  ])("finds nothing in %s", (_, lines) => {
    expect(deafShells(processes(...lines), 10)).toEqual([]);
  });
});
