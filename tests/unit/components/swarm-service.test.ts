import { describe, expect, it } from "vitest";
import { steadyHealth } from "../../../components/steady-health.ts";
import { type SwarmServiceArgs, taskSpec } from "../../../components/swarm-service.ts";
import { dockerClient } from "../../../engine/docker-client.ts";

const ARGS: SwarmServiceArgs = {
  serviceName: "shop-sandbox-app",
  environmentName: "shop-sandbox",
  image: "shop/application:1",
  command: ["/opt/rehearsal/run", "serve"],
  variables: { DJANGO_DEBUG: "0" },
  secrets: [{ path: "/run/secrets/DATABASE_URL", id: "secret-1", name: "database-url-1" }],
  configs: [{ path: "/etc/nginx/gateway.conf", id: "config-1", name: "nginx-1" }],
  networks: [
    { id: "network-1", alias: "application" },
    { id: "network-2", alias: "backend" },
  ],
  volumes: [
    { name: "shop-sandbox-media", path: "/srv/media", readOnly: false },
    { name: "shop-sandbox-static", path: "/srv/static", readOnly: true },
  ],
  healthCommand: ["/opt/rehearsal/run", "health"],
  startSeconds: 120,
  stopSeconds: 33,
  replicas: 2,
  memoryMiB: 384,
  cpus: 1.5,
  updateOrder: "start-first",
  engine: dockerClient("unix:///no/such/engine"),
};

describe("the specification of a service's tasks", () => {
  it("is not root, reads its files only, has no capability, and is bounded in memory, processors and logs", () => {
    expect(taskSpec(ARGS)).toEqual({
      containerSpec: {
        image: "shop/application:1",
        commands: ["/opt/rehearsal/run", "serve"],
        env: { DJANGO_DEBUG: "0" },
        user: "10001:10001",
        readOnly: true,
        init: true,
        capDrops: ["ALL"],
        mounts: [
          { type: "tmpfs", target: "/tmp", source: "", readOnly: false, tmpfsOptions: { sizeBytes: 67_108_864 } },
          { type: "volume", target: "/srv/media", source: "shop-sandbox-media", readOnly: false },
          { type: "volume", target: "/srv/static", source: "shop-sandbox-static", readOnly: true },
        ],
        secrets: [
          {
            secretId: "secret-1",
            secretName: "database-url-1",
            fileName: "/run/secrets/DATABASE_URL",
            fileUid: "10001",
            fileGid: "10001",
            fileMode: 0o400,
          },
        ],
        configs: [
          {
            configId: "config-1",
            configName: "nginx-1",
            fileName: "/etc/nginx/gateway.conf",
            fileUid: "10001",
            fileGid: "10001",
            fileMode: 0o444,
          },
        ],
        healthcheck: {
          tests: steadyHealth(["/opt/rehearsal/run", "health"]),
          interval: "2s",
          timeout: "20s",
          retries: 5,
          startPeriod: "2m",
        },
        stopSignal: "SIGTERM",
        stopGracePeriod: "33s",
      },
      networksAdvanceds: [
        { id: "network-1", aliases: ["application"] },
        { id: "network-2", aliases: ["backend"] },
      ],
      resources: { limits: { memoryBytes: 402_653_184, nanoCpus: 1_500_000_000 } },
      restartPolicy: { condition: "any", delay: "1s", maxAttempts: 0, window: "0s" },
      logDriver: { name: "json-file", options: { "max-size": "10m", "max-file": "3" } },
    });
  });

  it("has no files, variables or volumes but those that it is given", () => {
    const optional = ["secrets", "configs", "volumes", "variables"];
    const least = Object.fromEntries(Object.entries(ARGS).filter(([name]) => !optional.includes(name)));
    const { containerSpec } = taskSpec(least as unknown as SwarmServiceArgs);
    expect([containerSpec.secrets, containerSpec.configs, containerSpec.env]).toEqual([[], [], {}]);
    expect(containerSpec.mounts.map(({ target }) => target)).toEqual(["/tmp"]);
  });

  it("has processors in whole billionths, which the engine asks for", () => {
    expect(taskSpec({ ...ARGS, cpus: 0.1 + 0.2 }).resources.limits.nanoCpus).toBe(300_000_000);
  });
});
