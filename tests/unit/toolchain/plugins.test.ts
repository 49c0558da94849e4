import fs from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { readChoices, remember } from "../../../toolchain/choices.mjs";
import type { Context } from "../../../toolchain/context.mjs";
import { launcher, plugins, reason } from "../../../toolchain/steps/plugins.mjs";
import { emptyContext, recorder, script } from "./temporary.ts";

const versions = { docker: "5.2.0", postgresql: "3.18.1", random: "4.21.2" };
let context: Context & { tools: string };

/** Where a Pulumi home has a plugin. */
function plugin(home: string, name: keyof typeof versions): string {
  return path.join(home, "plugins", `resource-${name}-v${versions[name]}`, `pulumi-resource-${name}`);
}

beforeEach(() => {
  context = prepared();
});

function prepared(env: Record<string, string> = {}): Context & { tools: string } {
  const made = emptyContext(env);
  for (const [name, version] of Object.entries(versions)) {
    const directory = path.join(made.where.root, "node_modules", "@pulumi", name);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, "package.json"), JSON.stringify({ version }));
  }
  // The CLI, in a network where nothing but docker can be downloaded.
  script(
    path.join(made.tools, "pulumi"),
    `PATH=/usr/bin:/bin
if [ "$4" = docker ] && [ -e ${made.tools}/online ]; then
  mkdir -p "$PULUMI_HOME/plugins/resource-docker-v$5" && echo official > "$PULUMI_HOME/plugins/resource-docker-v$5/pulumi-resource-docker"
else
  echo "warning: Error downloading plugin: Get \\"https://plugins/$4\\": no such host" >&2
  echo "error: failed all 5 attempts" >&2
  exit 1
fi`,
  );
  return made;
}

test("puts stand-ins where the official plugins cannot be had, and says so", async () => {
  const said = await plugins.install(context, recorder());
  expect(said).toBe("docker 5.2.0, postgresql 3.18.1, random 4.21.2: stand-ins of toolchain/plugins/");
  expect(fs.readFileSync(plugin(context.where.home, "random"), "utf8")).toBe(launcher(context.where, "random"));
  expect(fs.statSync(plugin(context.where.home, "random")).mode & 0o111).toBe(0o111);
  expect(readChoices(context.where.choices)["plugin random"]).toEqual({
    source: 'stand-in (Get "https://plugins/random": no such host)',
    version: "4.21.2",
    fallback: true,
  });
  expect(await plugins.present(context)).toBe(said);
});

test("takes the official plugin where it can be had, and stand-ins for the others only", async () => {
  script(path.join(context.tools, "online"), "");
  expect(await plugins.install(context, recorder())).toBe(
    "docker 5.2.0: the official download; postgresql 3.18.1, random 4.21.2: stand-ins of toolchain/plugins/",
  );
  expect(fs.readFileSync(plugin(context.where.home, "docker"), "utf8")).toBe("official\n");
});

test("replaces a stand-in by the official plugin when it is asked to try again", async () => {
  await plugins.install(context, recorder());
  expect(await plugins.present({ ...context, again: true })).toBeUndefined();
  script(path.join(context.tools, "online"), "");
  await plugins.install({ ...context, again: true }, recorder());
  expect(fs.readFileSync(plugin(context.where.home, "docker"), "utf8")).toBe("official\n");
  expect(readChoices(context.where.choices)["plugin docker"]?.fallback).toBeUndefined();
});

test("copies the official plugins that the user has installed already", async () => {
  const home = path.join(String(context.user["HOME"]), ".pulumi");
  for (const name of ["docker", "postgresql", "random"] as const) script(plugin(home, name), "echo official");
  expect(await plugins.install(context, recorder())).toBe(
    `docker 5.2.0, postgresql 3.18.1, random 4.21.2: copied from ${home}`,
  );
  expect(fs.readFileSync(plugin(context.where.home, "random"), "utf8")).toContain("echo official");
});

test("does not take a half installed plugin for an installed one", async () => {
  const home = path.join(String(context.user["HOME"]), ".pulumi");
  script(plugin(home, "random"), "echo half");
  fs.writeFileSync(`${path.dirname(plugin(home, "random"))}.partial`, "");
  expect(await plugins.install(context, recorder())).toContain("random 4.21.2: stand-ins");
});

test("never puts a stand-in into a Pulumi home of the user's own", async () => {
  const own = prepared({ PULUMI_HOME: path.join(context.where.root, "mine") });
  await expect(plugins.install(own, recorder())).rejects.toThrow(/docker 5\.2\.0 is not in PULUMI_HOME .* your own/);
  expect(fs.existsSync(path.join(context.where.root, "mine"))).toBe(false);
});

test("makes its launchers anew after the checkout was moved", async () => {
  await plugins.install(context, recorder());
  fs.writeFileSync(plugin(context.where.home, "random"), launcher({ ...context.where, bin: "/former/bin" }, "random"));
  expect(await plugins.present(context)).toBeUndefined();
});

test("sets up the language host's stand-in beside a CLI of its own only", async () => {
  const host = path.join(context.where.bin, "pulumi-language-nodejs");
  remember(context.where.choices, "pulumi", { source: "built", version: "3.259.0", fallback: true });
  expect(await plugins.install(context, recorder())).toContain("language host, docker 5.2.0");
  expect(fs.readFileSync(host, "utf8")).toContain("language-host/main.ts");
  remember(context.where.choices, "pulumi", { source: "found on PATH", version: "3.259.0" });
  await plugins.install(context, recorder());
  expect(fs.existsSync(host)).toBe(false);
});

test("asks again when the npm packages have another version", async () => {
  await plugins.install(context, recorder());
  const file = path.join(context.where.root, "node_modules", "@pulumi", "random", "package.json");
  fs.writeFileSync(file, JSON.stringify({ version: "4.22.0" }));
  expect(await plugins.present(context)).toBeUndefined();
});

test("gives the cause of a failed download rather than the count of attempts", () => {
  const cause = 'warning: Error downloading plugin: Get "https://host/x": dial tcp: no such host';
  expect(reason([cause, "error: failed all 5 attempts"])).toBe('Get "https://host/x": dial tcp: no such host');
  expect(reason(["nothing came for 20 s"])).toBe("nothing came for 20 s");
});
