import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type DockerProject, docker, dockerProject, exists } from "./docker-support.ts";

describe("the docker stand-in", { timeout: 120_000 }, () => {
  let project: DockerProject;
  const refusal = async (program: string): Promise<string> => {
    await project.program(program);
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    return output;
  };
  beforeAll(async () => {
    project = await dockerProject();
  }, 120_000);
  afterAll(() => project.end(), 120_000);

  test("refuses a resource type that it does not have, by name", async () => {
    expect(await refusal(`new docker.Plugin("docker-test-plugin", { name: "plugin" });`)).toContain(
      "The resource type docker:index/plugin:Plugin is not supported here. This is the stand-in of the docker plugin",
    );
  });

  test.each([
    ["a property", `new docker.Container("docker-test-c", { image: "x", gpus: "all" });`, "gpus"],
    [
      "a nested property",
      `new docker.Service("docker-test-s", { taskSpec: { containerSpec: { image: "x", privileges: { credentialSpec: { file: "f" } } } } });`,
      "taskSpec.containerSpec.privileges.credentialSpec",
    ],
    [
      "a property of a list's member",
      `new docker.Container("docker-test-c", { image: "x", networksAdvanced: [{ name: "n", gwPriority: 1 }] });`,
      "networksAdvanced[0].gwPriority",
    ],
  ])("refuses %s that it does not know, by name", async (_what, program, property) => {
    expect(await refusal(program)).toContain(`The property "${property}" of the resource type docker:index/`);
  });

  test("refuses configuration that it does not know, by name", async () => {
    expect(await refusal(`new docker.Provider("docker-test-p", { certPath: "/certs" });`)).toContain("certPath");
  });

  test("leaves no half-made container behind when the CLI is killed, so that the same command works again", async () => {
    const waiting = (tests: string): string => `
      new docker.Container("docker-test-killed", {
        name: "docker-test-killed",
        image: "rehearsal-test-tiny:1",
        command: ["sleep", "1000"],
        healthcheck: { tests: ["CMD", "${tests}"], interval: "500ms" },
        wait: true,
        waitTimeout: 600,
      });
    `;
    await project.program(waiting("false"));
    const cli = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], {
      cwd: project.directory,
      env: project.env,
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => cli.once("exit", resolve));
    const killed = docker.getContainer("docker-test-killed");
    await vi.waitUntil(() => exists(() => killed.inspect()), { timeout: 60_000, interval: 200 });
    cli.kill("SIGKILL");
    await ended;
    await vi.waitUntil(async () => !(await exists(() => killed.inspect())), { timeout: 30_000, interval: 200 });
    await project.succeed("cancel", "--yes");
    await project.deploy(waiting("true"));
    expect((await killed.inspect()).State.Health?.Status).toBe("healthy");
    await project.deploy("");
  });

  test("reaches the engine that the provider's host names", async () => {
    const relay = createServer((client) => {
      const engine = connect("/var/run/docker.sock");
      client.pipe(engine).pipe(client);
      for (const socket of [client, engine]) socket.on("error", () => socket.destroy());
    });
    await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
    const { port } = relay.address() as { port: number };
    const through = (address: string): string => `
      const provider = new docker.Provider("docker-test-host", { host: "${address}" });
      new docker.Volume("docker-test-through", {}, { provider });
    `;
    await project.deploy(through(`tcp://127.0.0.1:${port}`));
    // No change of the way to the engine replaces what is there.
    expect(await project.plan(through("unix:///var/run/docker.sock"))).toEqual({ "docker-test-host": "update" });
    await project.deploy(through("unix:///var/run/docker.sock"));
    relay.close();
    expect(await refusal(through("ftp://engine"))).toContain('found "ftp://engine"');
    await project.deploy("");
  });
});
