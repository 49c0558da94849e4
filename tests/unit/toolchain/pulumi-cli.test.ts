import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { identity, readChoices, remember, unchanged } from "../../../toolchain/choices.mjs";
import { goEnvironment } from "../../../toolchain/go.mjs";
import { archiveName, publishedChecksum } from "../../../toolchain/pulumi-download.mjs";
import { findOnPath, pulumiCli } from "../../../toolchain/steps/pulumi-cli.mjs";
import { emptyContext, recorder, script } from "./temporary.ts";

test("takes an installation on PATH that is recent and complete", async () => {
  const context = emptyContext();
  const file = script(path.join(context.tools, "pulumi"), "echo v3.300.1");
  script(path.join(context.tools, "pulumi-language-nodejs"), "true");
  script(path.join(context.where.bin, "pulumi"), "echo an older one of the checkout's own");
  expect(await pulumiCli.install(context, recorder())).toBe(`3.300.1, found at ${file}`);
  expect(await pulumiCli.present(context)).toBe(`3.300.1, found at ${file}`);
  // On PATH the checkout's own would come first.
  expect(fs.existsSync(path.join(context.where.bin, "pulumi"))).toBe(false);
});

test("looks again when that installation was changed", async () => {
  const context = emptyContext();
  const file = script(path.join(context.tools, "pulumi"), "echo v3.300.1");
  script(path.join(context.tools, "pulumi-language-nodejs"), "true");
  await pulumiCli.install(context, recorder());
  script(file, "echo v3.10.0");
  expect(await pulumiCli.present(context)).toBeUndefined();
  expect(await findOnPath(context)).toBeUndefined();
});

test("passes over an installation without the language host beside it", async () => {
  const context = emptyContext();
  script(path.join(context.tools, "pulumi"), "echo v3.300.1");
  expect(await findOnPath(context)).toBeUndefined();
});

test("does not take the checkout's own CLI of an activated shell for an installation", async () => {
  const context = emptyContext();
  context.user["PATH"] = context.where.bin;
  script(path.join(context.where.bin, "pulumi"), "echo v3.300.1");
  script(path.join(context.where.bin, "pulumi-language-nodejs"), "true");
  expect(await findOnPath(context)).toBeUndefined();
});

test("builds only what could not be had, and only until it is asked to try again", async () => {
  const context = emptyContext();
  const file = script(path.join(context.where.bin, "pulumi"), "echo v3.259.0");
  const choice = { source: "built", version: "3.259.0", ...identity(file), fallback: true };
  remember(context.where.choices, "pulumi", choice);
  expect(await pulumiCli.present(context)).toBe("3.259.0, built");
  expect(await pulumiCli.present({ ...context, again: true })).toBeUndefined();
});

test("refuses a remembered CLI that has become too old", async () => {
  const context = emptyContext();
  const file = script(path.join(context.tools, "pulumi"), "true");
  remember(context.where.choices, "pulumi", { source: "found", version: "3.258.0", ...identity(file) });
  expect(await pulumiCli.present(context)).toBeUndefined();
});

test("does not go on with the CLI of the checkout that this one was copied from", () => {
  const [here, there] = [emptyContext().where, emptyContext().where];
  const file = script(path.join(there.bin, "pulumi"), "true");
  expect(unchanged({ source: "built", ...identity(file) }, there)).toBe(true);
  expect(unchanged({ source: "built", ...identity(file) }, here)).toBe(false);
});

test("finds an archive's published checksum", () => {
  const text = "AB12  pulumi-v3.259.0-linux-x64.tar.gz\ncd34 *pulumi-v3.259.0-linux-arm64.tar.gz\n";
  expect(publishedChecksum(text, "pulumi-v3.259.0-linux-x64.tar.gz")).toBe("ab12");
  expect(publishedChecksum(text, "pulumi-v3.259.0-linux-arm64.tar.gz")).toBe("cd34");
  expect(publishedChecksum(text, "pulumi-v3.260.0-linux-x64.tar.gz")).toBeUndefined();
});

test("names the archive of each platform that has one", () => {
  expect(archiveName("3.259.0", "linux", "arm64")).toBe("pulumi-v3.259.0-linux-arm64.tar.gz");
  expect(archiveName("3.259.0", "linux", "s390x")).toBeUndefined();
});

test("keeps Go's caches inside the checkout where the user has none", async () => {
  const context = emptyContext({ GOFLAGS: "-v" });
  const { env, own } = await goEnvironment(context);
  expect(env).toMatchObject({
    GOCACHE: path.join(context.where.cache, "go-build"),
    GOPATH: path.join(context.where.cache, "go"),
    GOFLAGS: "-v -modcacherw",
    GOTOOLCHAIN: "auto",
  });
  expect(own).toContain(env["GOPATH"]);
});

test("uses the Go caches, settings and flags that the user has", async () => {
  const context = emptyContext({ GOCACHE: "/mine", GOTOOLCHAIN: "local" });
  const home = String(context.user["HOME"]);
  fs.mkdirSync(path.join(home, "go", "pkg", "mod"), { recursive: true });
  fs.mkdirSync(path.join(home, ".config", "go"), { recursive: true });
  const settings = path.join(home, ".config", "go", "env");
  fs.writeFileSync(settings, "GOPROXY=http://mirror\nGOFLAGS=-buildvcs=false\n");
  const { env, own } = await goEnvironment(context);
  expect(env).toMatchObject({ GOCACHE: "/mine", GOTOOLCHAIN: "local", GOENV: settings });
  expect(env["GOFLAGS"]).toBe("-buildvcs=false -modcacherw");
  expect(env["GOPATH"]).toBeUndefined();
  // What is listed is deleted after the build.
  expect(own).toEqual([path.join(context.where.cache, "go-config")]);
});

test("starts from nothing where the record of choices is damaged", () => {
  const { where } = emptyContext();
  fs.mkdirSync(where.toolchain);
  fs.writeFileSync(where.choices, '{"pulumi": {"sou');
  expect(readChoices(where.choices)).toEqual({});
  remember(where.choices, "node", { source: "found" });
  expect(readChoices(where.choices)).toEqual({ node: { source: "found" } });
  remember(where.choices, "node", undefined);
  expect(readChoices(where.choices)).toEqual({});
});
