import { beforeAll, describe, expect, it } from "vitest";
import { type Deployment, deploy } from "./deployment.ts";
import { sandboxSettings } from "./settings.ts";

interface Service {
  readonly taskSpec: {
    readonly containerSpec: Record<string, unknown> & {
      readonly mounts: readonly { type: string; target: string; source: string; readOnly: boolean }[];
      readonly commands: readonly string[];
      readonly healthcheck: { tests: string[] };
      readonly secrets: readonly { fileName: string }[];
    };
    readonly networksAdvanceds: readonly { id: string; aliases: string[] }[];
    readonly resources: { limits: { memoryBytes: number; nanoCpus: number } };
    readonly logDriver: unknown;
    readonly restartPolicy: unknown;
  };
  readonly endpointSpec: { mode: string; ports?: unknown };
  readonly updateConfig: unknown;
  readonly rollbackConfig: unknown;
}

const SERVICES = ["app", "static", "etl", "gateway"] as const;
let sandbox: Deployment;

beforeAll(async () => {
  sandbox = await deploy("sandbox", sandboxSettings);
});

function service(role: string, deployment = sandbox): Service {
  return deployment.get(`Service <environment>-${role}-service`).inputs as unknown as Service;
}

describe.each(SERVICES)("the service %s", (role) => {
  it("is not root, writes to no image, and has no capability", () => {
    const { containerSpec } = service(role).taskSpec;
    expect(containerSpec).toMatchObject({ user: "10001:10001", readOnly: true, init: true, capDrops: ["ALL"] });
    expect(containerSpec["capAdds"]).toBeUndefined();
    expect(containerSpec["privileges"]).toBeUndefined();
  });

  it("gains no privilege: its command or its image's entry point says so", () => {
    const [program, ...words] = service(role).taskSpec.containerSpec.commands;
    if (program === "setpriv") expect(words[0]).toBe("--no-new-privs");
    else expect(program).toBe("/opt/rehearsal/run");
  });

  it("is bounded in memory, processors and logs", () => {
    const { resources, logDriver } = service(role).taskSpec;
    expect(resources.limits.memoryBytes).toBeGreaterThanOrEqual(32 * 1024 * 1024);
    expect(resources.limits.memoryBytes).toBeLessThanOrEqual(1024 * 1024 * 1024);
    expect(resources.limits.nanoCpus).toBeGreaterThan(0);
    expect(logDriver).toEqual({ name: "json-file", options: { "max-size": "10m", "max-file": "3" } });
  });

  it("is watched, restarted, and rolled back when an update does not become healthy", () => {
    const { taskSpec, updateConfig, rollbackConfig } = service(role);
    expect(taskSpec.containerSpec.healthcheck.tests[0]).toBe("CMD");
    expect(taskSpec.containerSpec.healthcheck.tests.length).toBeGreaterThan(1);
    expect(taskSpec.restartPolicy).toMatchObject({ condition: "any", maxAttempts: 0 });
    const order = role === "app" || role === "static" ? "start-first" : "stop-first";
    expect(updateConfig).toMatchObject({ parallelism: 1, order, failureAction: "rollback", maxFailureRatio: "0.0" });
    expect(rollbackConfig).toMatchObject({ parallelism: 1, order });
  });

  it("mounts no path of the host", () => {
    const mounts = service(role).taskSpec.containerSpec.mounts.map(({ type }) => type);
    expect(mounts[0]).toBe("tmpfs");
    expect(mounts.filter((type) => type !== "tmpfs" && type !== "volume")).toEqual([]);
  });
});

describe("the database's container", () => {
  const container = () => sandbox.get("Container <environment>-database-server").inputs;

  it("has the same restrictions as a service", () => {
    expect(container()).toMatchObject({
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      memory: 1024,
      memorySwap: 1024,
      tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
      logDriver: "json-file",
      logOpts: { "max-size": "10m", "max-file": "3" },
      restart: "unless-stopped",
      wait: true,
    });
    expect(container()["privileged"]).toBeUndefined();
    expect((container()["healthcheck"] as { tests: string[] }).tests.slice(-3)).toEqual([
      "pg_isready",
      "--host=127.0.0.1",
      "--quiet",
    ]);
  });

  it("stops cleanly and not at once", () => {
    expect(container()).toMatchObject({ stopSignal: "SIGINT", stopTimeout: 60, destroyGraceSeconds: 60 });
  });

  it("is replaced where the provider would ignore a change, and never beside the old one", () => {
    const { replaceOnChanges, deleteBeforeReplace } = sandbox.get("Container <environment>-database-server");
    expect(replaceOnChanges).toEqual(["healthcheck", "#initerror"]);
    expect(deleteBeforeReplace).toBe(true);
  });

  it("keeps its data on a volume, and nothing of the host", () => {
    expect(container()["volumes"]).toEqual([
      { volumeName: "reference-sandbox-data", containerPath: "/var/lib/postgresql/data" },
    ]);
    expect(container()["mounts"]).toBeUndefined();
  });
});

describe("ports", () => {
  it("are published by the gateway alone", () => {
    const ports = SERVICES.map((role) => service(role).endpointSpec);
    expect(ports).toEqual([
      { mode: "dnsrr" },
      { mode: "dnsrr" },
      { mode: "dnsrr" },
      {
        mode: "dnsrr",
        ports: [{ protocol: "tcp", targetPort: 8443, publishedPort: 8443, publishMode: "host", name: "https" }],
      },
    ]);
  });

  it("are published through the mesh where the setting says so, and then the gateway has no gap either", async () => {
    const deployment = await deploy("sandbox", (host) => sandboxSettings(host, { gateway: { publish: "ingress" } }));
    const { endpointSpec, updateConfig } = service("gateway", deployment);
    expect(endpointSpec).toMatchObject({ mode: "vip", ports: [{ publishMode: "ingress" }] });
    expect(updateConfig).toMatchObject({ order: "start-first" });
  });

  it("of the database are bound to the loopback address", () => {
    expect(sandbox.get("Container <environment>-database-server").inputs["ports"]).toEqual([
      { internal: 5432, external: 15_432, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    expect(sandbox.of("Container")).toHaveLength(1);
  });
});

describe("networks", () => {
  const internal = (deployment: Deployment): Record<string, unknown> =>
    Object.fromEntries(
      deployment.of("Network").map(({ inputs }) => [String(inputs["name"]), inputs["internal"]] as const),
    );

  it("of application and data reach nothing outside", () => {
    expect(internal(sandbox)).toEqual({
      "reference-sandbox-front": false,
      "reference-sandbox-app": true,
      "reference-sandbox-data": true,
    });
  });

  it("reach the outside where the setting says so", async () => {
    const outside = await deploy("sandbox", (host) => sandboxSettings(host, { network: { outside: true } }));
    expect(Object.values(internal(outside))).toEqual([false, false, false]);
  });

  it("join what has to talk, and no more: the gateway alone is in front", () => {
    const joined = Object.fromEntries(
      SERVICES.map((role) => [
        role,
        service(role).taskSpec.networksAdvanceds.map(({ id, aliases }) => `${id} as ${aliases.join()}`),
      ]),
    );
    expect(joined).toEqual({
      app: ["reference-sandbox-app-id as application", "reference-sandbox-data-id as application"],
      static: ["reference-sandbox-app-id as static"],
      etl: ["reference-sandbox-data-id as etl"],
      gateway: ["reference-sandbox-front-id as gateway", "reference-sandbox-app-id as gateway"],
    });
    expect(sandbox.get("Container <environment>-database-server").inputs["networksAdvanced"]).toEqual([
      { name: "reference-sandbox-data", aliases: ["database"] },
      { name: "bridge" },
    ]);
  });
});

describe("files", () => {
  it("that are secret reach each process that needs them, and no other", () => {
    const files = Object.fromEntries(
      SERVICES.map((role) => [
        role,
        service(role).taskSpec.containerSpec.secrets.map(({ fileName }) => fileName.replace("/run/secrets/", "")),
      ]),
    );
    expect(files).toEqual({
      app: ["PAYMENT_KEY", "DATABASE_URL", "REPORT_DATABASE_URL", "DJANGO_SECRET_KEY"],
      static: [],
      etl: ["PAYMENT_KEY", "DATABASE_URL", "DJANGO_SECRET_KEY"],
      gateway: ["tls.crt", "tls.key"],
    });
  });

  it("of volumes are written by those that make them alone", () => {
    const volumes = Object.fromEntries(
      SERVICES.map((role) => [
        role,
        service(role)
          .taskSpec.containerSpec.mounts.filter(({ type }) => type === "volume")
          .map(({ source, target, readOnly }) => `${source} ${target} ${readOnly ? "read" : "write"}`),
      ]),
    );
    expect(volumes).toEqual({
      app: ["reference-sandbox-media /srv/media write"],
      static: ["reference-sandbox-static /srv/static write", "reference-sandbox-media /srv/media read"],
      etl: ["reference-sandbox-media /srv/media write"],
      gateway: [],
    });
  });
});
