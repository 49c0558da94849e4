import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Context } from "../../../toolchain/context.mjs";
import { hasSecrets } from "../../../toolchain/lost-salt.mjs";
import { localDirectory, projectName, stacks } from "../../../toolchain/steps/stacks.mjs";
import { emptyContext, recorder, script } from "./temporary.ts";

/** A checkout with the sandbox's files and a CLI that records what it is asked. */
function checkout(env: Record<string, string> = {}): Context & { tools: string; asked: () => string } {
  const context = emptyContext(env);
  const { root, state } = context.where;
  const log = path.join(context.tools, "log");
  fs.writeFileSync(path.join(root, "Pulumi.yaml"), "name: rehearsal\nruntime: nodejs\n");
  fs.writeFileSync(path.join(root, "Pulumi.sandbox.yaml"), "config: {}\n");
  const made = path.join(state, ".pulumi", "stacks", "rehearsal");
  script(
    path.join(context.tools, "pulumi"),
    `PATH=/usr/bin:/bin
echo "$@" >> ${log}
if [ -e ${context.tools}/wrong ]; then echo "error: incorrect passphrase" >&2; exit 255; fi
mkdir -p ${made} && echo {} > ${made}/$3.json`,
  );
  return { ...context, asked: () => (fs.existsSync(log) ? fs.readFileSync(log, "utf8") : "") };
}

test("makes passphrase, state and the stacks that have a file, once", async () => {
  const context = checkout();
  expect(await stacks.present(context)).toBeUndefined();
  expect(await stacks.install(context, recorder())).toBe("sandbox made in .toolchain/state");
  expect(context.asked()).toBe("stack init sandbox --non-interactive --color never\n");
  expect(fs.statSync(context.where.passphrase).mode & 0o777).toBe(0o600);
  expect(fs.readFileSync(context.where.passphrase, "utf8").trim().length).toBeGreaterThanOrEqual(32);
  expect(await stacks.present(context)).toBe("sandbox in .toolchain/state");
});

test("keeps passphrase and state when a stack is added", async () => {
  const context = checkout();
  await stacks.install(context, recorder());
  const passphrase = fs.readFileSync(context.where.passphrase, "utf8");
  fs.writeFileSync(path.join(context.where.root, "Pulumi.production.yaml"), "config: {}\n");
  expect(await stacks.present(context)).toBeUndefined();
  await stacks.install(context, recorder());
  expect(context.asked()).toMatch(/init sandbox .*\n.*init production .*\n$/);
  expect(fs.readFileSync(context.where.passphrase, "utf8")).toBe(passphrase);
});

test("makes no passphrase where the user has one", async () => {
  const context = checkout({ PULUMI_CONFIG_PASSPHRASE: "team's" });
  await stacks.install(context, recorder());
  expect(fs.existsSync(context.where.passphrase)).toBe(false);
  expect(await stacks.present(context)).toBe("sandbox in .toolchain/state");
});

test("remembers that a backend elsewhere has its stacks, and asks anew for another one", async () => {
  const context = checkout({ PULUMI_BACKEND_URL: "s3://user:secret@team" });
  expect(await stacks.present(context)).toBeUndefined();
  expect(await stacks.install(context, recorder())).toBe("sandbox made in s3://… (PULUMI_BACKEND_URL)");
  expect(await stacks.present(context)).toContain("sandbox in s3://…");
  context.user["PULUMI_BACKEND_URL"] = "s3://other";
  expect(await stacks.present(context)).toBeUndefined();
});

test("names the remedy for a stack's file of another passphrase", async () => {
  const context = checkout();
  script(path.join(context.tools, "wrong"), "");
  await expect(stacks.install(context, recorder())).rejects.toMatchObject({
    message: "`pulumi stack init sandbox` failed",
    remedy: expect.stringContaining("encrypted with another passphrase") as string,
    output: ["error: incorrect passphrase"],
  });
});

const salted = "config: {}\nencryptionsalt: v1:abc\n";

test("takes out a salt whose passphrase is lost, where nothing depends on it", async () => {
  const context = checkout();
  const file = path.join(context.where.root, "Pulumi.sandbox.yaml");
  fs.writeFileSync(file, salted);
  expect(await stacks.install(context, recorder())).toContain("a lost passphrase was taken out of Pulumi.sandbox.yaml");
  expect(fs.readFileSync(file, "utf8")).toBe("config: {}\n");
});

test("does not touch a salt that the team has committed", async () => {
  const context = checkout();
  context.user["PATH"] = String(process.env["PATH"]);
  const { root } = context.where;
  const file = path.join(root, "Pulumi.sandbox.yaml");
  fs.writeFileSync(file, salted);
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=x", "-c", "user.email=x@x", ...args], { cwd: root });
  git("init", "--quiet");
  git("add", "Pulumi.sandbox.yaml");
  git("commit", "--quiet", "-m", "x");
  await expect(stacks.install(context, recorder())).rejects.toThrow(/passphrase that this machine does not have/);
  expect(fs.readFileSync(file, "utf8")).toBe(salted);
  expect(fs.existsSync(context.where.passphrase)).toBe(false);
});

test("does not touch a salt that secrets depend on", async () => {
  const context = checkout();
  const file = path.join(context.where.root, "Pulumi.sandbox.yaml");
  const text = `config:\n  rehearsal:tls:\n    key:\n      secure: v1:x\nencryptionsalt: v1:abc\n`;
  fs.writeFileSync(file, text);
  await expect(stacks.install(context, recorder())).rejects.toThrow(/Pulumi\.sandbox\.yaml is encrypted/);
  expect(fs.readFileSync(file, "utf8")).toBe(text);
});

test.each([
  ["config:\n  a:b:\n    secure: v1:x\n", true],
  ["config:\n  a:b: { secure: v1:x }\n", true],
  ["config:\n  a:b:\n    - secure: v1:x\n", true],
  ["config:\n  a:secure-cookies: true\n", false],
])("knows whether %j holds secrets", (text, expected) => {
  expect(hasSecrets(text)).toBe(expected);
});

test("knows the directory of a file backend", () => {
  expect(localDirectory("file:///a/b%20c")).toBe("/a/b c");
  expect(localDirectory("file:///a?no_tmp_dir=true")).toBe("/a");
  expect(localDirectory("s3://bucket")).toBeUndefined();
});

test("reads the project's name", () => {
  const context = checkout();
  expect(projectName(context.where.root)).toBe("rehearsal");
});
