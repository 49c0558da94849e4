import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DockerProject, docker, dockerProject, driftOf, exists } from "./docker-support.ts";

const SERVING = `image: "rehearsal-test-tiny:1", commands: ["httpd"], args: ["-f", "-p", "8080", "-h", "/srv"]`;

const PROGRAM = `
  const network = new docker.Network("docker-test-app", { driver: "overlay", attachable: true });
  const volume = new docker.Volume("docker-test-files");
  const secret = new docker.Secret("docker-test-password", { data: base64("service-secret") });
  const config = new docker.ServiceConfig("docker-test-settings", { data: base64("settings") });
  const full = new docker.Service("docker-test-full", {
    name: "docker-test-service",
    labels: [{ label: "purpose", value: "test" }],
    mode: { replicated: { replicas: 1 } },
    taskSpec: {
      containerSpec: {
        ${SERVING},
        capAdds: ["CAP_NET_BIND_SERVICE"],
        capDrops: ["ALL"],
        configs: [{ configId: config.id, configName: config.name, fileName: "/settings" }],
        dir: "/srv",
        dnsConfig: { nameservers: ["10.1.1.1"], options: ["ndots:1"], searches: ["example.org"] },
        env: { PLAIN: "1", EMPTY: "", TOKEN: pulumi.secret("service-token") },
        groups: ["nogroup"],
        healthcheck: { tests: ["CMD", "true"], interval: "500ms", timeout: "2s", retries: 3, startPeriod: "90s" },
        hostname: "app",
        hosts: [{ host: "other", ip: "10.1.1.2" }],
        init: true,
        labels: [{ label: "layer", value: "container" }],
        mounts: [
          { type: "volume", source: volume.name, target: "/data" },
          { type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 1048576, mode: 0o1777 } },
          { type: "bind", source: "/etc/hostname", target: "/host", readOnly: true, bindOptions: { propagation: "rprivate" } },
          { type: "volume", source: "docker-test-inline", target: "/inline", volumeOptions: { noCopy: true, driverName: "local", labels: [{ label: "a", value: "b" }] } },
        ],
        readOnly: true,
        secrets: [{ secretId: secret.id, secretName: secret.name, fileName: "PASSWORD", fileUid: "65534", fileGid: "65534", fileMode: 0o400 }],
        stopGracePeriod: "1s500ms",
        stopSignal: "SIGTERM",
        sysctl: { "net.ipv4.ip_unprivileged_port_start": "0" },
        user: "nobody",
      },
      forceUpdate: 1,
      logDriver: { name: "json-file", options: { "max-size": "1m" } },
      networksAdvanceds: [{ id: network.id, aliases: ["application"] }],
      placement: { constraints: ["node.role==manager"], maxReplicas: 4, prefs: ["node.labels.zone"], platforms: [{ architecture: "amd64", os: "linux" }] },
      resources: { limits: { memoryBytes: 67108864, nanoCpus: 250000000 }, reservation: { memoryBytes: 8388608, nanoCpus: 10000000 } },
      restartPolicy: { condition: "on-failure", delay: "1s", maxAttempts: 3, window: "2m" },
      runtime: "container",
    },
    endpointSpec: { mode: "dnsrr", ports: [{ name: "web", targetPort: 8080, publishedPort: 18099, publishMode: "host" }] },
    updateConfig: { parallelism: 1, delay: "0s", failureAction: "rollback", monitor: "1s", maxFailureRatio: "0.10", order: "stop-first" },
    rollbackConfig: { parallelism: 0, order: "start-first", monitor: "1m30s", maxFailureRatio: "0.3" },
  });
  const plain = new docker.Service("docker-test-plain", {
    taskSpec: { containerSpec: { ${SERVING} }, networksAdvanceds: [{ name: network.name }] },
    endpointSpec: { mode: "dnsrr" },
  });
  export const fullId = full.id;
  export const plainId = plain.id;
  export const plainName = plain.name;
  export const plainMode = plain.mode;
`;

interface Inspected {
  readonly Version: { readonly Index: number };
  readonly Spec: Record<string, unknown> & {
    readonly TaskTemplate: Record<string, unknown> & { readonly ContainerSpec: Record<string, unknown> };
  };
}

async function inspected(id: string): Promise<Inspected> {
  return (await docker.getService(id).inspect()) as Inspected;
}

/** Changes a service as somebody would by hand. */
async function byHand(id: string, change: (spec: Inspected["Spec"]) => object): Promise<void> {
  const { Version, Spec } = await inspected(id);
  const service = docker.getService(id);
  await service.update({ _query: { version: Version.Index }, _body: { ...Spec, ...change(Spec) } });
}

describe("docker services", { timeout: 120_000 }, () => {
  let project: DockerProject;
  let outputs: Record<string, unknown>;
  const plainId = (): string => String(outputs["plainId"]);
  const fullId = (): string => String(outputs["fullId"]);
  beforeAll(async () => {
    project = await dockerProject();
    await project.deploy(PROGRAM);
    outputs = await project.outputs();
  }, 120_000);
  afterAll(async () => {
    await project.end();
    await docker.getVolume("docker-test-inline").remove({ force: true });
  }, 120_000);

  test("are created as declared", async () => {
    const { Spec } = await inspected(fullId());
    expect(Spec).toMatchObject({
      Name: "docker-test-service",
      Labels: { purpose: "test" },
      Mode: { Replicated: { Replicas: 1 } },
      EndpointSpec: { Mode: "dnsrr", Ports: [{ TargetPort: 8080, PublishedPort: 18099, PublishMode: "host" }] },
      UpdateConfig: { Parallelism: 1, FailureAction: "rollback", Monitor: 1e9, Order: "stop-first" },
      RollbackConfig: { FailureAction: "pause", Monitor: 90e9, Order: "start-first" },
    });
    expect(Spec.TaskTemplate).toMatchObject({
      ForceUpdate: 1,
      LogDriver: { Name: "json-file", Options: { "max-size": "1m" } },
      Placement: { Constraints: ["node.role==manager"], MaxReplicas: 4 },
      Resources: { Limits: { MemoryBytes: 67108864, NanoCPUs: 250000000 }, Reservations: { MemoryBytes: 8388608 } },
      RestartPolicy: { Condition: "on-failure", Delay: 1e9, MaxAttempts: 3, Window: 120e9 },
    });
    expect(Spec.TaskTemplate.ContainerSpec).toMatchObject({
      Command: ["httpd"],
      Args: ["-f", "-p", "8080", "-h", "/srv"],
      CapabilityDrop: ["ALL"],
      Env: ["EMPTY=", "PLAIN=1", "TOKEN=service-token"],
      Hosts: ["10.1.1.2 other"],
      Healthcheck: { Test: ["CMD", "true"], Interval: 500e6, StartPeriod: 90e9, Retries: 3 },
      ReadOnly: true,
      StopGracePeriod: 1.5e9,
      User: "nobody",
      Secrets: [{ File: { Name: "PASSWORD", UID: "65534", GID: "65534", Mode: 0o400 } }],
      Configs: [{ File: { Name: "/settings", UID: "0", GID: "0", Mode: 0o444 } }],
    });
    expect(outputs["plainName"]).toMatch(/^docker-test-plain-[0-9a-f]{7}$/);
    expect(outputs["plainMode"]).toEqual({ global: false, replicated: { replicas: 1 } });
  });

  test("show no difference, before and after a refresh, while nothing changes", async () => {
    expect(await project.plan(PROGRAM)).toEqual({});
    expect(await driftOf(project)).toEqual({});
    expect(await project.plan(PROGRAM)).toEqual({});
  });

  test("never show a secret variable in the state, not even after a refresh", async () => {
    const { text } = await project.state();
    expect(text).not.toContain("service-token");
    expect(text).not.toContain(Buffer.from("service-secret").toString("base64"));
  });

  test("are updated in place: variables, replicas, a new secret in place of the old", async () => {
    const changed = PROGRAM.replace('PLAIN: "1"', 'PLAIN: "2"')
      .replace('base64("service-secret")', 'base64("another-secret")')
      .replace(
        'endpointSpec: { mode: "dnsrr" },\n  });',
        'endpointSpec: { mode: "dnsrr" }, mode: { replicated: { replicas: 2 } },\n  });',
      );
    const plan = await project.plan(changed);
    expect(plan).toEqual({
      "docker-test-full": "update",
      "docker-test-plain": "update",
      "docker-test-password": "replace",
    });
    await project.deploy(changed);
    expect((await inspected(fullId())).Spec.TaskTemplate.ContainerSpec["Env"]).toContain("PLAIN=2");
    expect((await inspected(plainId())).Spec["Mode"]).toEqual({ Replicated: { Replicas: 2 } });
    expect(await driftOf(project)).toEqual({});
    await project.deploy(PROGRAM);
  });

  test("show a variable, a port and replicas that were changed by hand as drift, and the next update takes them back", async () => {
    await byHand(plainId(), ({ TaskTemplate }) => ({
      TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Env: ["ADDED=by-hand"] } },
      Mode: { Replicated: { Replicas: 3 } },
      EndpointSpec: { Mode: "dnsrr", Ports: [{ TargetPort: 8080, PublishedPort: 18098, PublishMode: "host" }] },
    }));
    expect(await driftOf(project)).toEqual({ "docker-test-plain": "updated" });
    const { inputs } = (await project.state()).resources.find(({ id }) => id === plainId()) ?? {};
    expect(inputs).toMatchObject({
      mode: { replicated: { replicas: 3 } },
      taskSpec: { containerSpec: { env: { ADDED: "by-hand" } } },
      endpointSpec: { ports: [{ publishedPort: 18098 }] },
    });
    expect(await project.plan(PROGRAM)).toEqual({ "docker-test-plain": "update" });
    await project.deploy(PROGRAM);
    const { Spec } = await inspected(plainId());
    expect(Spec.TaskTemplate.ContainerSpec["Env"]).toBeUndefined();
    expect(Spec["Mode"]).toEqual({ Replicated: { Replicas: 1 } });
    expect(Spec["EndpointSpec"]).toEqual({ Mode: "dnsrr" });
  });

  test("keep a secret variable secret when another one was changed by hand", async () => {
    await byHand(fullId(), ({ TaskTemplate }) => ({
      TaskTemplate: {
        ...TaskTemplate,
        ContainerSpec: { ...TaskTemplate.ContainerSpec, Env: ["EMPTY=", "PLAIN=by-hand", "TOKEN=service-token"] },
      },
    }));
    expect(await driftOf(project)).toEqual({ "docker-test-full": "updated" });
    const { text } = await project.state();
    expect(text).toContain("by-hand");
    expect(text).not.toContain("service-token");
    await project.deploy(PROGRAM);
  });

  test("are replaced by a new name and by the other kind of mode", async () => {
    const changed = PROGRAM.replace('name: "docker-test-service"', 'name: "docker-test-renamed"').replace(
      'endpointSpec: { mode: "dnsrr" },\n  });',
      'endpointSpec: { mode: "dnsrr" }, mode: { global: true },\n  });',
    );
    expect(await project.plan(changed)).toMatchObject({
      "docker-test-full": "replace",
      "docker-test-plain": "replace",
    });
  });

  test("show as drift when they were removed by hand, and come back with the next update", async () => {
    await docker.getService(plainId()).remove();
    expect(await driftOf(project)).toEqual({ "docker-test-plain": "deleted" });
    await project.deploy(PROGRAM);
    outputs = await project.outputs();
    expect(await exists(() => docker.getService(plainId()).inspect())).toBe(true);
  });
});

describe("docker services with convergeConfig", { timeout: 120_000 }, () => {
  let project: DockerProject;
  const converging = (command: string, timeout: string): string => `
    const service = new docker.Service("docker-test-converging", {
      name: "docker-test-converging",
      mode: { replicated: { replicas: 2 } },
      taskSpec: {
        containerSpec: {
          image: "rehearsal-test-tiny:1",
          commands: ["sh", "-c", "${command}"],
          stopGracePeriod: "100ms",
        },
        restartPolicy: { condition: "any", delay: "500ms" },
      },
      endpointSpec: { mode: "dnsrr" },
      updateConfig: { failureAction: "rollback", monitor: "2s" },
      convergeConfig: { delay: "100ms", timeout: "${timeout}" },
    });
    export const id = service.id;
  `;
  beforeAll(async () => {
    project = await dockerProject();
  }, 120_000);
  afterAll(() => project.end(), 120_000);

  test("that do not converge are deleted, and the error shows what their tasks said", async () => {
    await project.program(converging("echo no such database; exit 5", "6s"));
    const { code, output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(output).toContain(
      'The service "docker-test-converging" did not converge: not all of its tasks run after 6s',
    );
    expect(output).toContain("task: non-zero exit (5)");
    expect(output).toContain("no such database");
    expect(await exists(() => docker.getService("docker-test-converging").inspect())).toBe(false);
  });

  test("are created and updated when all their tasks run, and an update that is rolled back fails", async () => {
    await project.deploy(converging("exec sleep 1000", "60s"));
    await project.deploy(converging("exec sleep 1001", "60s"));
    const { id } = await project.outputs();
    const tasks = (await docker.listTasks({
      filters: JSON.stringify({ service: [String(id)], "desired-state": ["running"] }),
    })) as { Status: { State: string }; Spec: { ContainerSpec: { Command: string[] } } }[];
    expect(tasks.map(({ Status, Spec }) => [Status.State, Spec.ContainerSpec.Command.at(-1)])).toEqual([
      ["running", "exec sleep 1001"],
      ["running", "exec sleep 1001"],
    ]);
    await project.program(converging("echo broken release; exit 6", "60s"));
    const { code, output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(output).toContain('The service "docker-test-converging" did not converge: it was rolled back');
    expect(output).toContain("task: non-zero exit (6)");
  });
});

test("a service with settings that cannot be is refused before anything is made", { timeout: 120_000 }, async () => {
  const project = await dockerProject();
  try {
    await project.program(`
      new docker.Service("docker-test-refused", {
        taskSpec: { containerSpec: { ${SERVING}, stopGracePeriod: "soon" } },
        endpointSpec: { mode: "round-robin" },
        updateConfig: { maxFailureRatio: "2" },
        mode: { global: true, replicated: { replicas: 1 } },
      });
    `);
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain(
      '"taskSpec.containerSpec.stopGracePeriod" must be a duration such as "1m30s"; found "soon"',
    );
    expect(output).toContain('"endpointSpec.mode" must be one of vip, dnsrr; found "round-robin"');
    expect(output).toContain('"updateConfig.maxFailureRatio" must be a ratio from 0.0 to 1.0; found "2"');
    expect(output).toContain('"mode.replicated" conflicts with "mode.global"');
  } finally {
    await project.end();
  }
});
