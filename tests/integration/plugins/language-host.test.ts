import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type CliProject, createCliProject } from "./framework-cli.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

let project: CliProject;

beforeAll(async () => {
  project = await createCliProject([{ name: "random", version: "4.21.2" }]);
});

afterAll(() => project.remove());

function settings(options: string): Promise<void> {
  return writeFile(
    join(project.directory, "Pulumi.yaml"),
    `name: plugins\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n${options}`,
  );
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the stand-in of the Node language host", () => {
  it("runs a program in TypeScript, shows what it writes and takes its outputs", async () => {
    await project.program(`
import * as pulumi from "@pulumi/pulumi";
interface Greeting { readonly to: string }
const greeting: Greeting = { to: new pulumi.Config().require("to") };
console.log("standard output of the program");
console.error("standard error of the program");
export const stack = pulumi.getStack();
export const to = pulumi.secret(greeting.to);
`);
    await project.succeed("config", "set", "--secret", "to", "whom-it-concerns");
    const output = await project.succeed("up", "--yes", "--skip-preview");
    expect(output).toContain("standard output of the program");
    expect(output).toContain("standard error of the program");
    expect(output).not.toContain("whom-it-concerns");
    expect(await project.outputs()).toEqual({ stack: "test", to: "whom-it-concerns" });
  });

  it("shows an error of the program once, without a stack trace where the program asks for none", async () => {
    await project.program(`
import * as pulumi from "@pulumi/pulumi";
throw new pulumi.RunError("the settings are wrong");
`);
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output.match(/the settings are wrong/g)).toHaveLength(2); // live, and in the diagnostics
    expect(output).not.toContain("at file://");
  });

  it("fails when the program ends with an exit code of its own", async () => {
    await project.program("process.exit(3);");
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain("Program exited with non-zero exit code: 3");
  });

  it("hands nodeargs to Node and refuses an option that it does not know", async () => {
    await project.program("export const args = process.execArgv;");
    await settings("    nodeargs: \"--no-warnings --title='the program'\"\n");
    await project.succeed("up", "--yes", "--skip-preview");
    expect(await project.outputs()).toEqual({ args: ["--no-warnings", "--title=the program"] });
    await settings("    packagemanager: yarn\n");
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain('runtime.options.packagemanager: "yarn" is not supported');
    await settings("");
  });

  it("tells which Node runs the program, and which plugins its packages need", async () => {
    const about = await project.succeed("about");
    expect(about).toContain(`executable='${process.execPath}'`);
    expect(about).toMatch(/resource +random +4\.21\.2/);
    expect(about).toMatch(/resource +postgresql +3\.18\.1/);
  });

  it("ends the program when pulumi is killed", async () => {
    const mark = join(project.directory, "pid");
    await project.program(`
import { writeFileSync } from "node:fs";
writeFileSync(${JSON.stringify(mark)}, String(process.pid));
setInterval(() => undefined, 1000);
`);
    const preview = project.start("preview");
    await expect.poll(() => existsSync(mark), { timeout: 60_000 }).toBe(true);
    const pid = Number(readFileSync(mark, "utf8"));
    expect(alive(pid)).toBe(true);
    preview.kill("SIGKILL");
    await once(preview, "exit");
    await expect.poll(() => alive(pid), { timeout: 30_000 }).toBe(false);
  });
});
