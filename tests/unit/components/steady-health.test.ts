import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { steadyHealth } from "../../../components/steady-health.ts";

let folder: string;
let mark: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "steady-health-"));
  mark = path.join(folder, "healthy");
  // Notes that there was a rest, and takes none.
  writeFileSync(path.join(folder, "sleep"), `#!/bin/sh\necho rested >> ${folder}/rests\n`, { mode: 0o755 });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a check as the engine does, with its mark in a folder of the test's own. */
function check(program: string): { status: number | null; rests: number } {
  const [, shell = "", option = "", script = "", ...words] = steadyHealth([program]);
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}` };
  const { status } = spawnSync(shell, [option, script.replaceAll("/tmp/healthy", mark), ...words], { env });
  const rests = existsSync(path.join(folder, "rests"))
    ? execFileSync("wc", ["-l", path.join(folder, "rests")], { encoding: "utf8" })
    : "0";
  return { status, rests: Number.parseInt(rests, 10) };
}

describe("a steady health check", () => {
  it("looks at once until it succeeds, and rests before each look from then on", () => {
    expect(check("false")).toEqual({ status: 1, rests: 0 });
    expect(check("true")).toEqual({ status: 0, rests: 0 });
    expect(check("true")).toEqual({ status: 0, rests: 1 });
  });

  it("looks at once again after it has failed", () => {
    check("true");
    expect(check("false")).toEqual({ status: 1, rests: 1 });
    expect(check("false")).toEqual({ status: 1, rests: 1 });
  });
});
