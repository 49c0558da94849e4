import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { processLives } from "../../../toolchain/processes.mjs";
import { describeLock, lockState, stackLocks } from "../../../toolchain/stack-lock.mjs";
import { temporaryDirectory } from "./temporary.ts";

const lock = { pid: 42, username: "ada", hostname: "here", timestamp: "2026-01-02T03:04:05Z" };
const machine = { hostname: "here", lives: () => true, programName: () => "pulumi" };

test("holds a lock for stale when its process is dead", () => {
  expect(lockState(lock, { ...machine, lives: () => false })).toBe("stale");
});

test("holds a lock for stale when another program has got its process number", () => {
  expect(lockState(lock, { ...machine, programName: () => "postgres" })).toBe("stale");
});

test("leaves a lock alone whose process runs, or may run", () => {
  expect(lockState(lock, machine)).toBe("held");
  expect(lockState(lock, { ...machine, programName: () => undefined })).toBe("held");
});

test("cannot judge the lock of another machine", () => {
  expect(lockState({ ...lock, hostname: "there" }, { ...machine, lives: () => false })).toBe("unknown");
});

test("reads the locks of one stack only", () => {
  const state = temporaryDirectory();
  const locks = path.join(state, ".pulumi", "locks", "organization", "rehearsal");
  fs.mkdirSync(path.join(locks, "sandbox"), { recursive: true });
  fs.mkdirSync(path.join(locks, "production"));
  fs.writeFileSync(path.join(locks, "sandbox", "1.json"), JSON.stringify(lock));
  fs.writeFileSync(path.join(locks, "production", "2.json"), JSON.stringify({ ...lock, pid: 43 }));
  expect(stackLocks(state, "rehearsal", "sandbox")).toEqual([lock]);
  expect(stackLocks(state, "rehearsal", "feature")).toEqual([]);
});

test("holds a lock for stale that was cut short by a kill", () => {
  const state = temporaryDirectory();
  const locks = path.join(state, ".pulumi", "locks", "organization", "rehearsal", "sandbox");
  fs.mkdirSync(locks, { recursive: true });
  fs.writeFileSync(path.join(locks, "1.json"), '{"pid":4');
  const [found] = stackLocks(state, "rehearsal", "sandbox");
  expect(found && lockState(found)).toBe("stale");
});

test("says who holds a lock", () => {
  expect(describeLock(lock)).toBe("process 42 of ada on here, since 2026-01-02T03:04:05Z");
});

test("tells a living process from a dead one", () => {
  const { pid } = spawnSync("true");
  expect(processLives(process.pid)).toBe(true);
  expect(processLives(pid)).toBe(false);
  const own = { ...lock, pid: process.pid, hostname: os.hostname() };
  // This very process lives, but it is no Pulumi.
  expect(lockState(own)).toBe("stale");
});
