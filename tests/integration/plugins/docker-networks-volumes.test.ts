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

  test("are replaced by any change, the old one first where its given name is kept", async () => {
    const changed = PROGRAM.replace('value: "test" }],\n  });', 'value: "other" }],\n  });')
      .replace("10.211.77.1", "10.211.77.2")
      .replace("first-secret-value", "second-secret-value")
      .replace('dataRaw: "first"', 'dataRaw: "second"');
    const plan = await project.plan(changed);
    expect(plan).toMatchObject({ "docker-test-volume": expect.stringMatching(/same/) as string });
  });
});
