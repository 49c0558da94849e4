import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");

/** Runs a script as the language host runs the program, and gives what it prints. */
async function run(script: string): Promise<string> {
  const args = ["--import=./preload.ts", "--input-type=module", "--eval", script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return stdout.trim();
}

it("keeps what only few programs use from being loaded", async () => {
  const files = await run(`
    import { createRequire } from "node:module";
    await Promise.all([import("@pulumi/pulumi"), import("dockerode"), import("./components/environment.ts")]);
    const require = createRequire(import.meta.url);
    await require("@pulumi/pulumi/runtime/closure/v8Hooks").isInitializedAsync();
    require("source-map-support/register");
    require("@pulumi/pulumi/cmd/run/tracing").newSpan("a test").end();
    console.log(Object.values(require.cache).filter(({ children }) => children !== undefined).map(({ id }) => id).join("\\n"));
  `);
  const packages = new Set(files.split("\n").map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]));
  expect(packages).toContain("@pulumi/pulumi");
  expect(packages).toContain("dockerode");
  expect([...packages].filter((name) => name?.startsWith("@opentelemetry/"))).toEqual(["@opentelemetry/api"]);
  for (const name of [
    "typescript",
    "@npmcli/arborist",
    "execa",
    "source-map",
    "ssh2",
    "protobufjs",
    "linkedom",
    "pg",
  ]) {
    expect(packages).not.toContain(name);
  }
});

it("sends a function elsewhere all the same", async () => {
  const text = await run(`
    import * as pulumi from "@pulumi/pulumi";
    const greeting = "welcome";
    console.log((await pulumi.runtime.serializeFunction(() => greeting)).text);
  `);
  expect(text).toContain('greeting: "welcome"');
});

it("knows what the SDK's automation holds", async () => {
  const found = await run(`
    import { automation } from "@pulumi/pulumi";
    import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
    console.log(automation.LocalWorkspace === LocalWorkspace, "Stack" in automation, Object.keys(automation).length > 10);
  `);
  expect(found).toBe("true true true");
});

it("traces a run where that is asked for", async () => {
  const found = await run(`
    import { createRequire } from "node:module";
    const tracing = createRequire(import.meta.url)("@pulumi/pulumi/cmd/run/tracing");
    const before = tracing.newSpan("before").isRecording();
    tracing.start("http://127.0.0.1:1/api/v2/spans");
    console.log(before, tracing.newSpan("after").isRecording());
    process.exit();
  `);
  expect(found).toBe("false true");
});

it("reaches an engine over SSH as before", async () => {
  const fault = await run(`
    import { dockerClient } from "./engine/docker-client.ts";
    console.log(await dockerClient("ssh://nobody@127.0.0.1:1").info().catch((error) => error.message));
  `);
  expect(fault).toMatch(/ECONNREFUSED/);
});
