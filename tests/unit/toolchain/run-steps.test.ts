import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Context, Step } from "../../../toolchain/context.mjs";
import { SetUpFailure } from "../../../toolchain/failure.mjs";
import { setUp } from "../../../toolchain/run-steps.mjs";
import { emptyContext } from "./temporary.ts";

/** A step whose result is there once it was installed. */
function step(name: string, changes: Partial<Step> & { there?: boolean } = {}): Step & { installed: number } {
  const { there = false, ...others } = changes;
  const made: Step & { installed: number } = {
    name,
    takes: `${name} from somewhere`,
    for: ["sandbox"],
    remedy: `install ${name} by hand`,
    installed: 0,
    present: () => Promise.resolve(there || made.installed > 0 ? `${name} is there` : undefined),
    install: () => {
      made.installed += 1;
      return Promise.resolve(`${name} was installed`);
    },
    ...others,
  };
  return made;
}

async function output(context: Context, steps: readonly Step[]): Promise<{ code: number; lines: string[] }> {
  let text = "";
  const code = await setUp(context, steps, { write: (part) => (text += part) });
  return { code, lines: text.trimEnd().split("\n") };
}

test("says one line for each step and installs only what is missing", async () => {
  const [there, missing] = [step("there", { there: true }), step("missing")];
  const { code, lines } = await output(emptyContext(), [there, missing]);
  expect(code).toBe(0);
  expect(there.installed).toBe(0);
  expect(missing.installed).toBe(1);
  expect(lines).toEqual([
    "✓ there    there is there",
    expect.stringMatching(/^✓ missing {2}missing was installed \(/),
    expect.stringContaining("set up in"),
  ]);
});

test("looks again for what an installed step may have brought along", async () => {
  const first = step("first");
  const second = step("second", {
    present: () => Promise.resolve(first.installed > 0 ? "came with first" : undefined),
  });
  await output(emptyContext(), [first, second]);
  expect(second.installed).toBe(0);
});

test("stops at the first failure with the output, the remedy and exit code 1", async () => {
  const failing = step("broken", {
    install: () => Promise.reject(new SetUpFailure("it said no", undefined, ["line one", "line two"])),
  });
  const later = step("later");
  const { code, lines } = await output(emptyContext(), [failing, later]);
  expect(code).toBe(1);
  expect(later.installed).toBe(0);
  expect(lines).toEqual([
    "✗ broken: it said no",
    "    line one",
    "    line two",
    "  By hand: install broken by hand",
    "  Then run the same command again.",
  ]);
});

test("prefers the remedy that a failure brings along", async () => {
  const failing = step("broken", { install: () => Promise.reject(new SetUpFailure("no", "ask the administrator")) });
  expect((await output(emptyContext(), [failing])).lines).toContain("  By hand: ask the administrator");
});

test("does not hide a fault of its own behind a remedy", async () => {
  const faulty = step("faulty", { install: () => Promise.reject(new TypeError("x is not a function")) });
  await expect(output(emptyContext(), [faulty])).rejects.toThrow(TypeError);
});

test("takes over the lock of a set-up that was killed, and gives its own back", async () => {
  const context = emptyContext();
  const lock = path.join(context.where.toolchain, "set-up.lock");
  fs.mkdirSync(context.where.toolchain);
  fs.writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 + 1 }));
  const missing = step("missing", {
    install: () => Promise.resolve(`held by ${fs.readFileSync(lock, "utf8")}`),
  });
  expect((await output(context, [missing])).lines[0]).toContain(`held by {"pid":${String(process.pid)}}`);
  expect(fs.existsSync(lock)).toBe(false);
});

test("waits for a set-up that runs", async () => {
  const context = emptyContext();
  const lock = path.join(context.where.toolchain, "set-up.lock");
  fs.mkdirSync(context.where.toolchain);
  fs.writeFileSync(lock, JSON.stringify({ pid: process.ppid }));
  const missing = step("missing");
  const finished = output(context, [missing]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(missing.installed).toBe(0);
  fs.rmSync(lock);
  expect((await finished).lines[0]).toContain(
    `waiting for the set-up that runs already (process ${String(process.ppid)})`,
  );
  expect(missing.installed).toBe(1);
});

test("removes what a killed set-up has left half done", async () => {
  const context = emptyContext();
  const left = [
    path.join(context.where.bin, "pulumi.partial-12"),
    path.join(context.where.cache, "node.partial-12-old", "x"),
  ];
  for (const file of left) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, "half");
  }
  fs.writeFileSync(path.join(context.where.bin, "pulumi"), "whole");
  await output(context, [step("missing")]);
  expect(fs.readdirSync(context.where.bin)).toEqual(["pulumi"]);
  expect(fs.readdirSync(context.where.cache)).toEqual([]);
});
