import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { run } from "../../../toolchain/commands.mjs";
import { mirrorLines, proxyOptions, readTargets } from "../../../toolchain/debian-sources.mjs";
import { linkWhole, which, writeWhole } from "../../../toolchain/files.mjs";
import { duration } from "../../../toolchain/progress.mjs";
import { mmdebstrapArgs } from "../../../toolchain/steps/base-image.mjs";
import { browser } from "../../../toolchain/steps/browser.mjs";
import { node } from "../../../toolchain/steps/node.mjs";
import { firstDifference, npm, npmEnvironment } from "../../../toolchain/steps/npm-dependencies.mjs";
import { tour } from "../../../toolchain/tour.mjs";
import { emptyContext, recorder, script, temporaryDirectory } from "./temporary.ts";

test("finds the first package that differs from the lock", () => {
  const lock = (version: string, more = {}) => ({ packages: { "": {}, "node_modules/a": { version }, ...more } });
  expect(firstDifference(lock("1.0.0"), lock("1.0.0"))).toBeUndefined();
  expect(firstDifference(lock("1.0.1"), lock("1.0.0"))).toBe("node_modules/a");
  expect(firstDifference(lock("1.0.0"), lock("1.0.0", { "node_modules/b": { version: "1.0.0" } }))).toBe(
    "node_modules/b",
  );
  const foreign = { "node_modules/win": { version: "1.0.0", optional: true } };
  expect(firstDifference(lock("1.0.0", foreign), lock("1.0.0"))).toBeUndefined();
  const needed = { "node_modules/b": { version: "1.0.0" } };
  expect(firstDifference(lock("1.0.0", needed), lock("1.0.0"))).toBe("node_modules/b");
});

test("runs the npm that runs it", () => {
  expect(npm({ npm_execpath: "/x/npm-cli.js", npm_node_execpath: "/x/node" })).toEqual({
    command: "/x/node",
    prefix: ["/x/npm-cli.js"],
  });
  expect(npm({ npm_execpath: "/x/pnpm.cjs", PATH: "" })).toEqual({ command: "npm", prefix: [] });
});

test("shares the user's npm cache where there is one, and else keeps one inside the checkout", () => {
  const { where, user } = emptyContext();
  const cache = path.join(String(user["HOME"]), ".npm");
  const env = { ...user, npm_config_cache: cache, INIT_CWD: "/elsewhere" };
  expect(npmEnvironment(where, env)).toEqual({
    ...user,
    npm_config_cache: path.join(where.cache, "npm"),
    npm_config_devdir: path.join(where.cache, "node-gyp"),
  });
  fs.mkdirSync(path.join(cache, "_cacache"), { recursive: true });
  expect(npmEnvironment(where, env)["npm_config_cache"]).toBe(cache);
  expect(npmEnvironment(where, user)["npm_config_cache"]).toBe(cache);
});

test("takes a Node of the machine that runs TypeScript, and notices when it is gone", async () => {
  const context = emptyContext();
  script(path.join(context.tools, "node"), "echo v24.99.0");
  script(path.join(context.where.bin, "node"), "echo v24.0.1");
  context.user["PATH"] = `${context.where.bin}:${context.tools}`;
  // Outside a tool chain the Node that runs the tests is preferred.
  const own = process.execPath.includes("/.toolchain/");
  const [file, version] = own
    ? [path.join(context.tools, "node"), "24.99.0"]
    : [process.execPath, process.versions.node];
  expect(await node.install(context, recorder())).toBe(`${version}, found at ${file}`);
  expect(fs.realpathSync(path.join(context.where.bin, "node"))).toBe(fs.realpathSync(file));
  expect(await node.present(context)).toBe(`${version}, found at ${file}`);
  fs.rmSync(path.join(context.where.bin, "node"));
  expect(await node.present(context)).toBeUndefined();
});

test("finds a browser by any of its names, and the tool that makes it trust an authority", async () => {
  const context = emptyContext();
  expect(await browser.present(context)).toBeUndefined();
  await expect(browser.install({ ...context, root: false }, recorder())).rejects.toThrow(/cannot install chromium/);
  const file = script(path.join(context.tools, "google-chrome"), "true");
  expect(await browser.present(context), "without certutil").toBeUndefined();
  await expect(browser.install({ ...context, root: false }, recorder())).rejects.toThrow(
    /cannot install libnss3-tools/,
  );
  script(path.join(context.tools, "certutil"), "true");
  expect(await browser.present(context)).toBe(`found at ${file}`);
});

const indexes = readTargets(
  [
    "http://mirror/debian/|bookworm-updates|main|Debian",
    "cdrom://disc/|bookworm|main|Debian",
    "https://vendor/apt/|stable|main|Vendor",
    "http://mirror/debian/|bookworm|contrib|Debian",
    "http://mirror/debian/|bookworm|main|Debian",
    "http://mirror/debian-security/|bookworm-security|main|Debian",
  ].join("\n"),
);

test("makes the base image from the mirrors that this machine uses", () => {
  expect(mirrorLines(indexes)).toEqual([
    "deb http://mirror/debian/ trixie main",
    "deb http://mirror/debian/ trixie-updates main",
    "deb http://mirror/debian-security/ trixie-security main",
  ]);
});

test("leaves the mirror to mmdebstrap on another distribution", () => {
  expect(mirrorLines(readTargets("http://mirror/ubuntu/|noble|main|Ubuntu"))).toEqual([]);
  expect(mmdebstrapArgs("/keys.gpg", [], []).slice(-2)).toEqual(["trixie", "-"]);
});

test("hands on proxies that a container can reach", () => {
  const dump = 'Acquire::http::Proxy "http://proxy:3128";\nAcquire::https::Proxy "http://localhost:8080";\nDir "/";\n';
  expect(proxyOptions(dump)).toEqual(['Acquire::http::Proxy "http://proxy:3128"']);
  expect(mmdebstrapArgs("/keys.gpg", [], proxyOptions(dump))).toContain(
    '--aptopt=Acquire::http::Proxy "http://proxy:3128"',
  );
});

test("ends a command with its children when its time is up", async () => {
  const directory = temporaryDirectory();
  const result = await run("sh", ["-c", `(sleep 30; touch ${directory}/late) & echo started; wait`], { seconds: 1 });
  expect(result).toMatchObject({ status: 124, stdout: "started\n", stopped: "stopped after 1 s" });
});

test("reports a command that does not exist as one that failed", async () => {
  expect(await run("no-such-command", [])).toMatchObject({ status: 127, stdout: "" });
});

test("replaces files and links as a whole", () => {
  const directory = temporaryDirectory();
  const file = path.join(directory, "new", "file");
  writeWhole(file, "one", 0o600);
  writeWhole(file, "two", 0o600);
  expect(fs.readFileSync(file, "utf8")).toBe("two");
  linkWhole("/one", path.join(directory, "link"));
  linkWhole("/two", path.join(directory, "link"));
  expect(fs.readlinkSync(path.join(directory, "link"))).toBe("/two");
  expect(fs.readdirSync(directory).sort()).toEqual(["link", "new"]);
});

test("finds commands as a shell does", () => {
  const directory = temporaryDirectory();
  fs.mkdirSync(path.join(directory, "tool"));
  fs.writeFileSync(path.join(directory, "plain"), "", { mode: 0o644 });
  const file = script(path.join(directory, "script"), "true");
  expect(which("script", `/nowhere::${directory}`)).toBe(file);
  expect(which("tool", directory)).toBeUndefined();
  expect(which("plain", directory)).toBeUndefined();
  expect(which("script", directory, [directory])).toBeUndefined();
});

test.each([
  [80, "0.1 s"],
  [12_300, "12 s"],
  [251_000, "4 min 11 s"],
])("tells %d milliseconds as %s", (milliseconds, text) => {
  expect(duration(milliseconds)).toBe(text);
});

test("names the fault of a wrong command line", () => {
  const wrong = spawnSync(process.execPath, ["toolchain/set-up.mjs", "--for", "everything"], { encoding: "utf8" });
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain('--for takes "sandbox" or "test"; got "everything"');
});

test.each(["set-up", "sandbox", "run"])("explains %s without doing anything", (name) => {
  const help = execFileSync(process.execPath, [`toolchain/${name}.mjs`, "--help"], { encoding: "utf8" });
  expect(help).toMatch(/^usage: /);
});

test("runs a command in the tool chain's environment with its own exit code", () => {
  const shell = ["toolchain/run.mjs", "sh", "-c", 'echo "$PULUMI_BACKEND_URL $PATH"; exit 7'];
  const env = { ...process.env, PULUMI_BACKEND_URL: "" };
  const result = spawnSync(process.execPath, shell, { encoding: "utf8", env });
  expect(result.status).toBe(7);
  expect(result.stdout).toMatch(
    /^file:\/\/.*\/\.toolchain\/state\?metadata=skip .*\.toolchain\/bin:.*node_modules\/\.bin/,
  );
});

test("passes a signal on to the command that it runs", async () => {
  const args = ["toolchain/run.mjs", process.execPath, "-e", "console.log('up'); setInterval(() => {}, 1000)"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  child.kill("SIGTERM");
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(128 + 15);
});

const outputs = {
  urls: ["https://sandbox.localhost:8443/", "https://api.sandbox.localhost:8443/"],
  release: "3f2a",
  certificateAuthority: "-----BEGIN CERTIFICATE-----",
  adminUsername: "admin",
  adminPassword: "never shown",
  logs: "docker service logs sandbox",
};

test("shows where to look, how to trust it, how to log in and how to end it", () => {
  const text = tour(outputs, ".toolchain/sandbox-ca.pem", "source toolchain/activate");
  expect(text).toContain("curl --cacert .toolchain/sandbox-ca.pem https://sandbox.localhost:8443/");
  expect(text).toContain("Admin: https://sandbox.localhost:8443/admin/, user admin");
  expect(text).toContain("pulumi stack output adminPassword --show-secrets --stack sandbox");
  expect(text).toContain("docker service logs sandbox");
  expect(text).toContain("pulumi destroy --stack sandbox");
  expect(text).not.toContain("never shown");
});

test("leaves out what the stack does not have, and the activation of a shell that has it", () => {
  const text = tour({ urls: outputs.urls }, ".toolchain/sandbox-ca.pem", undefined);
  expect(text).not.toMatch(/curl|Admin|Logs|activate/);
});
