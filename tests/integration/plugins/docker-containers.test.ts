import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DockerProject, docker, dockerProject, driftOf, exists } from "./docker-support.ts";

const SERVING = `image: "rehearsal-test-tiny:1", command: ["httpd", "-f", "-p", "8080", "-h", "/srv"]`;

const PROGRAM = `
  const network = new docker.Network("docker-test-attached", { driver: "bridge" });
  const volume = new docker.Volume("docker-test-data");
  const full = new docker.Container("docker-test-full", {
    ${SERVING},
    name: "docker-test-full",
    capabilities: { adds: ["CAP_NET_BIND_SERVICE"], drops: ["ALL"] },
    cpus: "0.50",
    cpuShares: 512,
    destroyGraceSeconds: 2,
    domainname: "example.org",
    dns: ["10.1.1.1"],
    envs: ["PLAIN=1", pulumi.secret("PASSWORD=container-secret")],
    healthcheck: { tests: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:8080/"], interval: "500ms", timeout: "2s", retries: 3, startPeriod: "1m30s" },
    hosts: [{ host: "other", ip: "10.1.1.2" }],
    init: true,
    labels: [{ label: "purpose", value: "test" }],
    logDriver: "json-file",
    logOpts: { "max-size": "1m", "max-file": "2" },
    maxRetryCount: 0,
    memory: 64,
    memorySwap: 64,
    mounts: [{ type: "tmpfs", target: "/scratch", tmpfsOptions: { sizeBytes: 1048576 } }],
    networkMode: "bridge",
    networksAdvanced: [{ name: network.id, aliases: ["web"] }],
    ports: [{ internal: 8080, ip: "127.0.0.1" }],
    restart: "unless-stopped",
    securityOpts: ["no-new-privileges"],
    shmSize: 16,
    stopSignal: "SIGTERM",
    stopTimeout: 3,
    tmpfs: { "/tmp": "rw,size=1m" },
    ulimits: [{ name: "nofile", soft: 100, hard: 200 }],
    uploads: [
      { file: "/srv/index.html", content: "served" },
      { file: "/srv/private", contentBase64: base64("kept"), permissions: "0600", owner: "65534" },
    ],
    user: "root",
    volumes: [{ volumeName: volume.name, containerPath: "/data", readOnly: true }],
    wait: true,
    waitTimeout: 30,
    workingDir: "/srv",
  });
  const plain = new docker.Container("docker-test-plain", { ${SERVING}, readOnly: true });
  const job = new docker.Container("docker-test-job", {
    image: "rehearsal-test-tiny:1",
    command: ["sh", "-c", "echo done by the job; exit 3"],
    mustRun: false,
    attach: true,
    logs: true,
  });
  export const port = full.ports.apply((ports) => ports[0].external);
  export const data = full.networkDatas;
  export const plainName = plain.name;
  export const plainId = plain.id;
  export const code = job.exitCode;
  export const log = job.containerLogs;
`;

describe("docker containers", { timeout: 120_000 }, () => {
  let project: DockerProject;
  let outputs: Record<string, unknown>;
  const plainId = (): string => String(outputs["plainId"]);
  beforeAll(async () => {
    project = await dockerProject();
    await project.deploy(PROGRAM);
    outputs = await project.outputs();
  }, 120_000);
  afterAll(() => project.end(), 120_000);

  test("run as declared", async () => {
    const { Config, HostConfig, State, NetworkSettings } = await docker.getContainer("docker-test-full").inspect();
    expect(State.Health?.Status).toBe("healthy");
    expect(Config).toMatchObject({
      Cmd: ["httpd", "-f", "-p", "8080", "-h", "/srv"],
      Env: expect.arrayContaining(["PLAIN=1", "PASSWORD=container-secret"]) as string[],
      Domainname: "example.org",
      Labels: { purpose: "test" },
      StopSignal: "SIGTERM",
      StopTimeout: 3,
      User: "root",
      WorkingDir: "/srv",
      Healthcheck: { Interval: 500e6, Timeout: 2e9, StartPeriod: 90e9, Retries: 3 },
    });
    expect(HostConfig).toMatchObject({
      CapAdd: ["CAP_NET_BIND_SERVICE"],
      CapDrop: ["ALL"],
      CpuShares: 512,
      Dns: ["10.1.1.1"],
      ExtraHosts: ["other:10.1.1.2"],
      Init: true,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
      Memory: 64 * 1024 * 1024,
      MemorySwap: 64 * 1024 * 1024,
      Mounts: [{ Type: "tmpfs", Target: "/scratch", TmpfsOptions: { SizeBytes: 1048576 } }],
      NanoCpus: 5e8,
      PortBindings: { "8080/tcp": [{ HostIp: "127.0.0.1" }] },
      RestartPolicy: { Name: "unless-stopped" },
      SecurityOpt: ["no-new-privileges"],
      ShmSize: 16 * 1024 * 1024,
      Tmpfs: { "/tmp": "rw,size=1m" },
      Ulimits: [{ Name: "nofile", Soft: 100, Hard: 200 }],
    });
    expect(HostConfig.Binds).toEqual([expect.stringMatching(/^docker-test-data-[0-9a-f]{7}:\/data:ro$/)]);
    expect(Object.keys(NetworkSettings.Networks)).toEqual([
      expect.stringMatching(/^docker-test-attached-[0-9a-f]{7}$/),
    ]);
    const served = await fetch(`http://127.0.0.1:${String(outputs["port"])}/index.html`);
    expect(await served.text()).toBe("served");
    expect(outputs["data"]).toMatchObject([{ ipAddress: expect.stringMatching(/^\d+\./) as string }]);
  });

  test("keep what was uploaded to its owner and mode", async () => {
    const exec = await docker
      .getContainer("docker-test-full")
      .exec({ Cmd: ["stat", "-c", "%a %u", "/srv/private"], AttachStdout: true });
    const stream = await exec.start({});
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toContain("600 65534");
  });

  test("give the exit code and the log of one that is to end", () => {
    expect(outputs["code"]).toBe(3);
    expect(outputs["log"]).toBe("done by the job\n");
  });

  test("show no difference, before and after a refresh, while nothing changes", async () => {
    expect(await project.plan(PROGRAM)).toEqual({});
    expect(await driftOf(project)).toEqual({});
    expect(await project.plan(PROGRAM)).toEqual({});
  });

  test("never show a secret variable in the state, not even after a refresh", async () => {
    expect((await project.state()).text).not.toContain("container-secret");
  });

  test("take new limits and a new restart policy without being replaced", async () => {
    const before = await docker.getContainer("docker-test-full").inspect();
    const changed = PROGRAM.replace("memory: 64, memorySwap: 64", "")
      .replace("memory: 64,\n    memorySwap: 64", "memory: 96,\n    memorySwap: 96")
      .replace('restart: "unless-stopped"', 'restart: "always"');
    expect(await project.plan(changed)).toEqual({ "docker-test-full": "update" });
    await project.deploy(changed);
    const after = await docker.getContainer("docker-test-full").inspect();
    expect(after.Id).toBe(before.Id);
    expect(after.HostConfig).toMatchObject({ Memory: 96 * 1024 * 1024, RestartPolicy: { Name: "always" } });
    await project.deploy(PROGRAM);
  });

  test("are replaced by other changes, the old one deleted first", async () => {
    const changed = PROGRAM.replace("PLAIN=1", "PLAIN=2").replace(
      "readOnly: true });",
      'readOnly: true, hostname: "other" });',
    );
    expect(await project.plan(changed)).toEqual({ "docker-test-full": "replace", "docker-test-plain": "replace" });
    const printed = await project.deploy(changed);
    expect(printed).toMatch(/docker-test-plain deleted[\s\S]*docker-test-plain created/);
    outputs = await project.outputs();
    expect((await docker.getContainer(plainId()).inspect()).Config.Hostname).toBe("other");
    await project.deploy(PROGRAM);
    outputs = await project.outputs();
  });

  test("show as drift when they were stopped by hand, and run again after the next update", async () => {
    await docker.getContainer(plainId()).kill();
    expect(await driftOf(project)).toEqual({ "docker-test-plain": "updated" });
    expect(await project.plan(PROGRAM)).toEqual({ "docker-test-plain": "update" });
    await project.deploy(PROGRAM);
    expect((await docker.getContainer(plainId()).inspect()).State.Running).toBe(true);
  });

  test("show as drift when limits or networks were changed by hand", async () => {
    await docker.getContainer("docker-test-full").update({ CpuShares: 256 });
    const [attached] = Object.keys((await docker.getContainer("docker-test-full").inspect()).NetworkSettings.Networks);
    await docker.getNetwork(attached ?? "").disconnect({ Container: "docker-test-full" });
    expect(await driftOf(project)).toEqual({ "docker-test-full": "updated" });
    expect(await project.plan(PROGRAM)).toEqual({ "docker-test-full": "replace" });
    await project.deploy(PROGRAM);
    const { HostConfig, NetworkSettings } = await docker.getContainer("docker-test-full").inspect();
    expect(HostConfig.CpuShares).toBe(512);
    expect(Object.keys(NetworkSettings.Networks)).toEqual([attached]);
  });

  test("show as drift when they were removed by hand, and come back with the next update", async () => {
    await docker.getContainer(plainId()).remove({ force: true });
    expect(await driftOf(project)).toEqual({ "docker-test-plain": "deleted" });
    expect(await project.plan(PROGRAM)).toEqual({ "docker-test-plain": "create" });
    await project.deploy(PROGRAM);
    outputs = await project.outputs();
    expect(await exists(() => docker.getContainer(plainId()).inspect())).toBe(true);
  });
});

describe("docker containers that fail", { timeout: 120_000 }, () => {
  let project: DockerProject;
  beforeAll(async () => {
    project = await dockerProject();
  }, 120_000);
  afterAll(() => project.end(), 120_000);

  test("that never become healthy fail with the last check's output and log lines, and are mended by the next update", async () => {
    const sick = (tests: string, wait: string): string => `
      new docker.Container("docker-test-sick", {
        image: "rehearsal-test-tiny:1",
        name: "docker-test-sick",
        command: ["sh", "-c", "echo the database says no; exec sleep 1000"],
        healthcheck: { tests: ["CMD-SHELL", "${tests}"], interval: "300ms", retries: 1 },
        ${wait}
      }, { replaceOnChanges: ["healthcheck", "#initerror"], deleteBeforeReplace: true });
    `;
    await project.program(sick("echo probe failed; exit 1", "wait: true, waitTimeout: 2"));
    const { code, output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(output).toContain('The container "docker-test-sick" did not become healthy');
    expect(output).toContain("after 2 s (waitTimeout)");
    expect(output).toContain("probe failed");
    expect(output).toContain("the database says no");
    expect(await project.plan(sick("true", "wait: true"))).toEqual({ "docker-test-sick": "replace" });
    await project.deploy(sick("true", "wait: true"));
    expect((await docker.getContainer("docker-test-sick").inspect()).State.Health?.Status).toBe("healthy");
  });

  test("that end while they are waited for fail at once", async () => {
    await project.program(`
      new docker.Container("docker-test-ending", {
        image: "rehearsal-test-tiny:1",
        command: ["sh", "-c", "sleep 1; echo cannot go on; exit 7"],
        healthcheck: { tests: ["CMD", "false"], interval: "5s" },
        wait: true,
        waitTimeout: 600,
      });
    `);
    const { output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(output).toContain("did not become healthy: it ended with exit code 7");
    expect(output).toContain("cannot go on");
  });

  test("that must run and end at once leave nothing behind", async () => {
    await project.program(`
      new docker.Container("docker-test-short", {
        image: "rehearsal-test-tiny:1",
        name: "docker-test-short",
        command: ["sh", "-c", "echo bad settings; exit 4"],
      });
    `);
    const { output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(output).toContain('The container "docker-test-short" must run but ended at once with exit code 4');
    expect(output).toContain("bad settings");
    expect(await exists(() => docker.getContainer("docker-test-short").inspect())).toBe(false);
  });

  test("wait needs a health check", async () => {
    await project.program(`new docker.Container("docker-test-unchecked", { ${SERVING}, wait: true });`);
    const { output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(output).toContain("it has no health check: declare one, or leave out wait");
  });

  test("with settings that cannot be are refused before anything is made", async () => {
    await project.program(`
      new docker.Container("docker-test-refused", {
        ${SERVING},
        restart: "sometimes",
        cpuSet: "all",
        healthcheck: { tests: ["CMD", "true"], interval: "soon" },
      });
    `);
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain('"restart" must be one of no, on-failure, always, unless-stopped; found "sometimes"');
    expect(output).toContain('"cpuSet" must be a list of CPUs such as "0-1" or "0,2"; found "all"');
    expect(output).toContain('"healthcheck.interval" must be a duration such as "1m30s"; found "soon"');
  });
});
