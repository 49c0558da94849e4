import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DockerProject, docker, dockerProject, driftOf, exists } from "./docker-support.ts";

const PROGRAM = `
  const network = new docker.Network("docker-test-network", {
    driver: "overlay",
    attachable: true,
    internal: true,
    labels: [{ label: "purpose", value: "test" }],
  });
  const subnet = new docker.Network("docker-test-subnet", {
    name: "docker-test-subnet",
    ipamConfigs: [{ subnet: "10.211.77.0/24", gateway: "10.211.77.1" }],
    options: { "com.docker.network.bridge.enable_icc": "false" },
  });
  const volume = new docker.Volume("docker-test-volume", { labels: [{ label: "purpose", value: "test" }] });
  const secret = new docker.Secret("docker-test-secret", { data: base64("first-secret-value") });
  const config = new docker.ServiceConfig("docker-test-config", { dataRaw: "first" });
  export const network_id = network.id;
  export const network_name = network.name;
  export const subnet_id = subnet.id;
  export const scope = network.scope;
  export const volume_name = volume.id;
  export const mountpoint = volume.mountpoint;
  export const secret_id = secret.id;
  export const secret_name = secret.name;
  export const config_id = config.id;
`;

describe("docker networks, volumes, secrets and configs", { timeout: 120_000 }, () => {
  let project: DockerProject;
  let outputs: Record<string, string>;
  beforeAll(async () => {
    project = await dockerProject();
    await project.deploy(PROGRAM);
    outputs = (await project.outputs()) as Record<string, string>;
  }, 120_000);
  afterAll(() => project.end(), 120_000);

  test("are created as declared, with a generated name where none is given", async () => {
    const network = await docker.getNetwork(outputs["network_id"] ?? "").inspect();
    expect(network).toMatchObject({
      Driver: "overlay",
      Attachable: true,
      Internal: true,
      Scope: "swarm",
      Labels: { purpose: "test" },
    });
    expect(outputs["network_name"]).toMatch(/^docker-test-network-[0-9a-f]{7}$/);
    expect(outputs["scope"]).toBe("swarm");
    expect(await docker.getNetwork("docker-test-subnet").inspect()).toMatchObject({
      IPAM: { Config: [{ Subnet: "10.211.77.0/24", Gateway: "10.211.77.1" }] },
      Options: { "com.docker.network.bridge.enable_icc": "false" },
    });
    const volume = await docker.getVolume(outputs["volume_name"] ?? "").inspect();
    expect(volume).toMatchObject({ Driver: "local", Labels: { purpose: "test" }, Mountpoint: outputs["mountpoint"] });
    expect(await docker.getSecret(outputs["secret_id"] ?? "").inspect()).toMatchObject({
      Spec: { Name: outputs["secret_name"] },
    });
    const config = (await docker.getConfig(outputs["config_id"] ?? "").inspect()) as { Spec: { Data: string } };
    expect(Buffer.from(config.Spec.Data, "base64").toString()).toBe("first");
  });

  test("show no difference, before and after a refresh, while nothing changes", async () => {
    expect(await project.plan(PROGRAM)).toEqual({});
    expect(await driftOf(project)).toEqual({});
    expect(await project.plan(PROGRAM)).toEqual({});
  });

  test("never show a secret's data in the state", async () => {
    const { text } = await project.state();
    expect(text).not.toContain(Buffer.from("first-secret-value").toString("base64"));
    expect(text).not.toContain("first-secret-value");
    expect(text).toContain("ciphertext");
  });

  test("are replaced by any change", async () => {
    const changed = PROGRAM.replace(
      '"docker-test-volume", { labels: [{ label: "purpose"',
      '"docker-test-volume", { labels: [{ label: "other"',
    )
      .replace("internal: true", "internal: false")
      .replace("10.211.77.1", "10.211.77.2")
      .replace("first-secret-value", "second-secret-value")
      .replace('dataRaw: "first"', 'dataRaw: "second"');
    expect(await project.plan(changed)).toEqual({
      "docker-test-network": "replace",
      "docker-test-subnet": "replace",
      "docker-test-volume": "replace",
      "docker-test-secret": "replace",
      "docker-test-config": "replace",
    });
    const printed = await project.deploy(changed);
    // A name that the program gave must be free before the new network can have it; a generated one need not.
    const order = [...printed.matchAll(/docker-test-(subnet|config) (deleted|created)/g)].map(
      ([, name, what]) => `${name} ${what}`,
    );
    expect(order.filter((step) => step.startsWith("subnet"))).toEqual(["subnet deleted", "subnet created"]);
    expect(order.filter((step) => step.startsWith("config"))).toEqual(["config created", "config deleted"]);
    expect(await exists(() => docker.getVolume(outputs["volume_name"] ?? "").inspect())).toBe(false);
    expect(await exists(() => docker.getSecret(outputs["secret_id"] ?? "").inspect())).toBe(false);
    outputs = (await project.outputs()) as Record<string, string>;
    const config = (await docker.getConfig(outputs["config_id"] ?? "").inspect()) as { Spec: { Data: string } };
    expect(Buffer.from(config.Spec.Data, "base64").toString()).toBe("second");
  });

  test("show as drift when they were removed by hand, and come back with the next update", async () => {
    await docker.getNetwork(outputs["subnet_id"] ?? "").remove();
    await docker.getVolume(outputs["volume_name"] ?? "").remove();
    await docker.getSecret(outputs["secret_id"] ?? "").remove();
    expect(await driftOf(project)).toEqual({
      "docker-test-subnet": "deleted",
      "docker-test-volume": "deleted",
      "docker-test-secret": "deleted",
    });
    await project.succeed("up", "--yes", "--skip-preview");
    outputs = (await project.outputs()) as Record<string, string>;
    expect(await exists(() => docker.getNetwork("docker-test-subnet").inspect())).toBe(true);
    expect(await exists(() => docker.getVolume(outputs["volume_name"] ?? "").inspect())).toBe(true);
  });

  test("refuse data that is not base64, and a config without data", async () => {
    const refusal = async (program: string): Promise<string> => {
      await project.program(program);
      const { code, output } = await project.pulumi("preview");
      expect(code).not.toBe(0);
      return output;
    };
    expect(await refusal('new docker.Secret("docker-test-refused", { data: "not base64!" });')).toContain(
      '"data" of a secret must be standard base64',
    );
    expect(await refusal('new docker.ServiceConfig("docker-test-empty", {});')).toContain(
      'A config needs either "data" or "dataRaw"; found neither',
    );
  });
});
