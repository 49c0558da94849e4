import { describe, expect, test } from "vitest";
import { observe } from "../../../../../toolchain/plugins/docker/observe.ts";
import { serviceFailures } from "../../../../../toolchain/plugins/docker/service/check.ts";
import type { EngineServiceSpec } from "../../../../../toolchain/plugins/docker/service/engine-types.ts";
import { type ServiceInputs, serviceProperties } from "../../../../../toolchain/plugins/docker/service/properties.ts";
import { liveInputs } from "../../../../../toolchain/plugins/docker/service/read.ts";
import { serviceSpec } from "../../../../../toolchain/plugins/docker/service/spec.ts";
import { diffInputs } from "../../../../../toolchain/plugins/framework/diff.ts";

const inputs: ServiceInputs = {
  name: "app",
  labels: [{ label: "a", value: "b" }],
  mode: { replicated: { replicas: 2 } },
  taskSpec: {
    containerSpec: {
      image: "app:1",
      args: ["serve"],
      env: { B: "2", A: "1=1" },
      healthcheck: { tests: ["CMD", "true"], interval: "90s" },
      mounts: [{ type: "tmpfs", target: "/tmp", tmpfsOptions: { sizeBytes: 1024 } }],
      secrets: [{ secretId: "s1", secretName: "s", fileName: "S", fileMode: 0o400 }],
      stopGracePeriod: "1s500ms",
    },
    networksAdvanceds: [{ name: "net", aliases: ["x"] }],
    resources: { limits: { memoryBytes: 1024 } },
  },
  endpointSpec: { mode: "dnsrr", ports: [{ targetPort: 80, publishMode: "host" }] },
  updateConfig: { maxFailureRatio: "0.10", delay: "0s" },
};

function refreshed(spec: EngineServiceSpec, declared = inputs): object {
  return observe(serviceProperties, { ...declared }, liveInputs(spec, declared, new Map([["id-of-net", "net"]])));
}

/** As the engine gives it back: networks by id, 32-bit ratios. */
function stored(spec: EngineServiceSpec): EngineServiceSpec {
  return {
    ...spec,
    TaskTemplate: { ...spec.TaskTemplate, Networks: [{ Target: "id-of-net", Aliases: ["x"] }] },
    UpdateConfig: { ...spec.UpdateConfig, MaxFailureRatio: 0.10000000149011612 },
  };
}

describe("a service's specification", () => {
  test("holds what was declared, with the official plugin's defaults", () => {
    expect(serviceSpec(inputs)).toEqual({
      Name: "app",
      Labels: { a: "b" },
      Mode: { Replicated: { Replicas: 2 } },
      UpdateConfig: {
        Parallelism: 1,
        Delay: 0,
        FailureAction: "pause",
        Monitor: 5e9,
        MaxFailureRatio: 0.1,
        Order: "stop-first",
      },
      EndpointSpec: { Mode: "dnsrr", Ports: [{ Protocol: "tcp", TargetPort: 80, PublishMode: "host" }] },
      TaskTemplate: {
        ContainerSpec: {
          Image: "app:1",
          Args: ["serve"],
          Labels: {},
          Isolation: "default",
          ReadOnly: false,
          Env: ["A=1=1", "B=2"],
          Healthcheck: { Test: ["CMD", "true"], Interval: 90e9, Timeout: 0, StartPeriod: 0, Retries: 0 },
          Mounts: [{ Type: "tmpfs", Target: "/tmp", Source: "", ReadOnly: false, TmpfsOptions: { SizeBytes: 1024 } }],
          Secrets: [{ SecretID: "s1", SecretName: "s", File: { Name: "S", UID: "0", GID: "0", Mode: 0o400 } }],
          StopGracePeriod: 1.5e9,
        },
        ForceUpdate: 0,
        Networks: [{ Target: "net", Aliases: ["x"] }],
        Resources: { Limits: { MemoryBytes: 1024, NanoCPUs: 0 } },
      },
    });
  });

  test("comes back as it was declared", () => {
    expect(refreshed(stored(serviceSpec(inputs)))).toEqual(inputs);
  });

  test("keeps the counter of updates that were forced by hand", () => {
    const current = serviceSpec(inputs);
    const forced = { ...current, TaskTemplate: { ...current.TaskTemplate, ForceUpdate: 4 } };
    expect(serviceSpec(inputs, forced).TaskTemplate.ForceUpdate).toBe(4);
    expect(refreshed(stored(forced))).toEqual(inputs);
  });

  test("takes an image that Docker's client has pinned to a digest for the declared one, and another for drift", () => {
    const spec = stored(serviceSpec(inputs));
    const withImage = (Image: string): EngineServiceSpec => ({
      ...spec,
      TaskTemplate: { ...spec.TaskTemplate, ContainerSpec: { ...spec.TaskTemplate.ContainerSpec, Image } },
    });
    expect(refreshed(withImage(`app:1@sha256:${"0".repeat(64)}`))).toEqual(inputs);
    expect(refreshed(withImage("app:2"))).toMatchObject({ taskSpec: { containerSpec: { image: "app:2" } } });
  });

  test("shows a network, a mount and a limit that were changed by hand", () => {
    const spec = stored(serviceSpec(inputs));
    const changed: EngineServiceSpec = {
      ...spec,
      TaskTemplate: {
        ...spec.TaskTemplate,
        Networks: [{ Target: "id-of-other" }],
        Resources: { Limits: { MemoryBytes: 2048 } },
        ContainerSpec: { ...spec.TaskTemplate.ContainerSpec, Mounts: [] },
      },
    };
    const { taskSpec } = refreshed(changed) as { taskSpec: ServiceInputs["taskSpec"] };
    expect(taskSpec.networksAdvanceds).toEqual([{ id: "id-of-other" }]);
    expect(taskSpec.resources).toEqual({ limits: { memoryBytes: 2048 } });
    expect(taskSpec.containerSpec.mounts).toEqual([]);
    expect(taskSpec.containerSpec.env).toEqual(inputs.taskSpec.containerSpec.env);
  });

  test("differs by a variable without a value, by the order of a set not at all, and by hosts for good", () => {
    const spec = (env: object, more: object): object => ({ taskSpec: { containerSpec: { image: "i", env, ...more } } });
    const diff = (old: object, current: object): object[] =>
      diffInputs(serviceProperties, { ...old }, { ...current }).map(({ path, replace }) => ({ path, replace }));
    expect(diff(spec({ A: "" }, {}), spec({}, {}))).toEqual([{ path: "taskSpec.containerSpec.env.A", replace: false }]);
    expect(diff(spec({}, { capDrops: ["A", "B"] }), spec({}, { capDrops: ["B", "A"] }))).toEqual([]);
    const hosts = [{ host: "db", ip: "10.0.0.1" }];
    expect(diff(spec({}, {}), spec({}, { hosts }))).toEqual([{ path: "taskSpec.containerSpec.hosts", replace: true }]);
  });

  test("needs a network's id", () => {
    const nameless = { ...inputs, taskSpec: { ...inputs.taskSpec, networksAdvanceds: [{}] } };
    expect(() => serviceSpec(nameless)).toThrow("needs the id of a network");
  });

  test("is checked for what the engine would refuse too late", () => {
    const failures = serviceFailures({
      endpointSpec: { mode: "other" },
      updateConfig: { failureAction: "undo", monitor: "soon", maxFailureRatio: "1.5" },
      mode: { global: true },
      convergeConfig: {},
    });
    expect(failures.map(({ property }) => property)).toEqual([
      "updateConfig.failureAction",
      "endpointSpec.mode",
      "updateConfig.monitor",
      "updateConfig.maxFailureRatio",
      "convergeConfig",
    ]);
  });
});
