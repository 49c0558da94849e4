import { describe, expect, it } from "vitest";
import { deploy } from "./deployment.ts";
import { unmarked } from "./graph.ts";
import { productionSettings, sandboxSettings } from "./settings.ts";

const server = {
  host: "db.example.com",
  port: 6432,
  username: "provisioner",
  password: "external-server-password",
  sslmode: "verify-full",
  rolePrefix: "shop_",
};

describe("an environment whose data is protected", () => {
  it.each([true, false])("keeps data when it is destroyed, and runs until that is allowed: %j", async (protect) => {
    const { nodes } = await deploy("sandbox", (host) =>
      sandboxSettings(host, { database: { protect, snapshot: "none" } }),
    );
    const kept = nodes.filter((node) => node.protect).map(({ id }) => id);
    const guard = "Stash reference-sandbox-checks-passed";
    const retained = nodes.filter((node) => node.retainOnDelete).map(({ id }) => id);
    expect(retained).toEqual(kept.filter((id) => id !== guard));
    expect(kept.toSorted()).toEqual(
      protect
        ? [
            "Database reference-sandbox-database-roles-database",
            "Role reference-sandbox-database-roles-app",
            "Role reference-sandbox-database-roles-etl",
            "Role reference-sandbox-database-roles-owner",
            "Role reference-sandbox-database-roles-report",
            guard,
            "Volume reference-sandbox-database-data",
            "Volume reference-sandbox-media",
          ]
        : [],
    );
  });
});

describe("an environment with a server that somebody else runs", () => {
  const external = () =>
    deploy("sandbox", (host) =>
      sandboxSettings(host, { database: { server, snapshot: "none" }, network: { outside: true } }),
    );

  it("has no container and no data volume", async () => {
    const deployment = await external();
    expect(deployment.of("Container")).toEqual([]);
    expect(deployment.of("Volume").map(({ name }) => name)).toEqual([
      "reference-sandbox-static",
      "reference-sandbox-media",
    ]);
  });

  it("declares the same roles, grants and database there, as its administrator", async () => {
    const deployment = await external();
    const { inputs } = deployment.get("postgresql <environment>-database-admin");
    expect({ ...inputs, password: unmarked(inputs["password"]) }).toMatchObject({
      host: "db.example.com",
      port: "6432",
      username: "provisioner",
      password: "external-server-password",
      sslmode: "verify-full",
      superuser: "false",
    });
    expect(
      deployment
        .of("Role")
        .map(({ inputs: { name } }) => name)
        .toSorted(),
    ).toEqual(["shop_app", "shop_etl", "shop_owner", "shop_report"]);
    expect(deployment.of("DefaultPrivileges").map(({ inputs: { owner } }) => owner)).toEqual(
      Array(6).fill("shop_owner"),
    );
    expect(deployment.of("Grant")).toHaveLength(3);
    expect(deployment.environment.databaseAddress).toBe("db.example.com:6432/app");
  });

  it("is reached by each process over verified TLS, in its own role", async () => {
    const deployment = await external();
    const data = unmarked(deployment.get("Secret <environment>-app-database-url").inputs["data"]);
    const url = new URL(Buffer.from(String(data), "base64").toString());
    expect([url.username, url.host, url.pathname, url.search]).toEqual([
      "shop_app",
      "db.example.com:6432",
      "/app",
      "?sslmode=verify-full",
    ]);
  });

  it("migrates again when the database is on another server", async () => {
    const deployment = await external();
    expect(deployment.get("Stash <environment>-migration-applied").inputs["input"]).toMatchObject({
      server: "db.example.com:6432",
    });
    expect(
      deployment.waitsFor("Service <environment>-app-service", "Database <environment>-database-roles-database"),
    ).toBe(true);
  });
});

describe("an environment of a project without an ETL worker", () => {
  it("has no worker, and is complete without", async () => {
    const deployment = await deploy("sandbox", (host) => sandboxSettings(host, { etl: { command: "none" } }));
    expect(
      deployment.nodes
        .filter(({ id }) => /^(EtlWorker|.*-etl(-|$)(?!password|schema|tables|sequences))/.test(id))
        .map(({ id }) => id),
    ).toEqual(["Role reference-sandbox-database-roles-etl"]);
    expect(
      deployment
        .of("Service")
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual(["app", "gateway", "static"].map((role) => `reference-sandbox-${role}-service`));
    for (const { id } of deployment.of("Service")) {
      expect(deployment.waitsFor("Stash <environment>-checks-passed", id)).toBe(true);
    }
  });
});

describe("an environment that takes a release", () => {
  const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
  const release = {
    application: `shop/application:1234@${digest("a")}`,
    static: `shop/static:1234@${digest("b")}`,
    gateway: `shop/gateway:5678@${digest("c")}`,
    postgres: `shop/postgres:9abc@${digest("d")}`,
  };

  it("builds nothing, and refuses on the engine what is not exactly that image, in previews too", async () => {
    const deployment = await deploy("production", (host) => productionSettings(host, release));
    expect(deployment.of("Image")).toEqual([]);
    for (const [image, reference] of Object.entries(release)) {
      const { inputs, hooks } = deployment.get(`RemoteImage <environment>-release-${image}`);
      expect(inputs).toEqual({ name: reference.replace(/@.*/, ""), keepLocally: true });
      const hook = [`reference-production-release-${image}-is-there`];
      expect(hooks).toEqual({ beforeCreate: hook, beforeUpdate: hook });
    }
    expect(deployment.environment.release).toBe("1234");
  });

  it("pulls by digest where there is a registry", async () => {
    const images = { registry: "registry.example.com/team" };
    const deployment = await deploy("production", (host) => productionSettings(host, release, { images }));
    expect(deployment.get("RemoteImage <environment>-release-static").inputs["name"]).toBe(release.static);
    const { taskSpec } = deployment.get("Service <environment>-static-service").inputs as {
      taskSpec: { containerSpec: { image: string } };
    };
    expect(taskSpec.containerSpec.image).toBe(release.static);
  });

  it("is pushed to the registry by the environment that builds it, and runs there by digest", async () => {
    const images = { registry: "registry.example.com/team" };
    const deployment = await deploy("sandbox", (host) => sandboxSettings(host, { images }));
    for (const { inputs } of deployment.of("Image")) {
      expect(inputs["imageName"]).toMatch(/^registry\.example\.com\/team\/reference\/\w+:[0-9a-f]{12}$/);
      expect(inputs["skipPush"]).toBe(false);
    }
    const { taskSpec } = deployment.get("Service <environment>-app-service").inputs as {
      taskSpec: { containerSpec: { image: string } };
    };
    expect(taskSpec.containerSpec.image).toMatch(
      /^registry\.example\.com\/team\/reference\/application:\w+@sha256:\w{64}$/,
    );
  });
});

describe("two releases", () => {
  it("differ in what a release is made of, and leave the gateway and the database alone", async () => {
    const one = await deploy("sandbox", sandboxSettings);
    const other = await deploy("sandbox", (host) =>
      sandboxSettings(host, {
        app: { settingsModule: "airways.other", secrets: { PAYMENT_KEY: "given-payment-key" } },
      }),
    );
    const changed = one.nodes
      .filter(({ id, inputs }) => JSON.stringify(other.get(id).inputs) !== JSON.stringify(inputs))
      .map(({ id }) => id.replace("reference-sandbox", "…"))
      // Made anew here, and kept in state by a real deployment.
      .filter((id) => !/-tls-|^docker /.test(id));
    expect(changed.toSorted()).toEqual([
      "Image …-release-application",
      "Image …-release-static",
      "RandomId …-rollout-deployment",
      "Service …-app-service",
      "Service …-etl-service",
      "Service …-static-service",
      "Stash …-migration-applied",
    ]);
  });
});
