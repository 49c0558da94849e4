import { beforeAll, describe, expect, it } from "vitest";
import { type Deployment, deploy } from "./deployment.ts";
import { promiseOf, unmarked } from "./graph.ts";
import { sandboxSettings } from "./settings.ts";

let sandbox: Deployment;

beforeAll(async () => {
  sandbox = await deploy("sandbox", sandboxSettings);
});

describe("an environment", () => {
  it("is these resources, in these numbers", () => {
    const counts: Record<string, number> = {};
    for (const { type } of sandbox.nodes) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).toEqual({
      "rehearsal:index:Environment": 1,
      "rehearsal:index:ReleaseImages": 1,
      "rehearsal:index:Networks": 1,
      "rehearsal:index:PostgresDatabase": 1,
      "rehearsal:index:DatabaseRoles": 1,
      "rehearsal:index:Migration": 1,
      "rehearsal:index:DjangoApp": 1,
      "rehearsal:index:EtlWorker": 1,
      "rehearsal:index:StaticFiles": 1,
      "rehearsal:index:Gateway": 1,
      "rehearsal:index:Certificate": 1,
      "rehearsal:index:SwarmService": 4,
      "rehearsal:index:Rollout": 1,
      "rehearsal:index:CriticalChecks": 1,
      "pulumi:providers:docker": 1,
      "pulumi:providers:postgresql": 1,
      "docker:index/image:Image": 5,
      "docker:index/network:Network": 3,
      "docker:index/volume:Volume": 3,
      "docker:index/container:Container": 1,
      "docker:index/service:Service": 4,
      // Of the application: two database URLs, Django's key, the team's own; of the worker one URL less; chain and key.
      "docker:index/secret:Secret": 9,
      "docker:index/serviceConfig:ServiceConfig": 1,
      // Superuser, four roles, Django's key, the administrator.
      "random:index/randomPassword:RandomPassword": 7,
      "random:index/randomId:RandomId": 2,
      "postgresql:index/role:Role": 4,
      "postgresql:index/database:Database": 1,
      "postgresql:index/extension:Extension": 1,
      "postgresql:index/grant:Grant": 3,
      "postgresql:index/defaultPrivileges:DefaultPrivileges": 6,
      // Authority and certificate, migration, rollout, checks.
      "pulumi:index:Stash": 5,
      "pulumi:pulumi:StackReference": 1,
    });
  });

  it("is one tree, with every resource under the component that it belongs to", () => {
    const parents = Object.fromEntries(sandbox.nodes.map(({ id, parent }) => [id, parent]));
    const name = "reference-sandbox";
    expect(sandbox.nodes.filter(({ parent }) => parent === "").map(({ id }) => id)).toEqual([`Environment ${name}`]);
    expect(parents).toMatchObject({
      [`ReleaseImages ${name}-release`]: `Environment ${name}`,
      [`Image ${name}-release-application`]: `ReleaseImages ${name}-release`,
      [`Network ${name}-front`]: `Networks ${name}-networks`,
      [`Container ${name}-database-server`]: `PostgresDatabase ${name}-database`,
      [`DatabaseRoles ${name}-database-roles`]: `PostgresDatabase ${name}-database`,
      [`Role ${name}-database-roles-owner`]: `DatabaseRoles ${name}-database-roles`,
      [`Stash ${name}-migration-applied`]: `Migration ${name}-migration`,
      [`SwarmService ${name}-app`]: `DjangoApp ${name}`,
      [`Service ${name}-app-service`]: `SwarmService ${name}-app`,
      [`Secret ${name}-app-database-url`]: `DjangoApp ${name}`,
      [`SwarmService ${name}-etl`]: `EtlWorker ${name}`,
      [`SwarmService ${name}-static`]: `StaticFiles ${name}`,
      [`Certificate ${name}-tls`]: `Gateway ${name}`,
      [`Service ${name}-gateway-service`]: `SwarmService ${name}-gateway`,
      [`Stash ${name}-rollout-converged`]: `Rollout ${name}-rollout`,
      [`Stash ${name}-checks-passed`]: `CriticalChecks ${name}-checks`,
    });
  });

  it("has only names that begin with its own, so that stacks stand side by side", () => {
    expect(sandbox.nodes.filter(({ name }) => !/^reference-sandbox(-|$)/.test(name))).toEqual([]);
    const onEngine = sandbox.nodes.filter(({ type }) => /:(Network|Volume|Container|Service)$/.test(type));
    expect(onEngine).toHaveLength(11);
    for (const { id, inputs } of onEngine) expect(inputs["name"], id).toMatch(/^reference-sandbox-/);
    expect(new Set(onEngine.map(({ type, inputs }) => `${type} ${String(inputs["name"])}`)).size).toBe(11);
  });

  it("labels everything on the engine as its own", () => {
    const labelled = sandbox.nodes.filter(({ type }) =>
      /^docker:.*:(Network|Volume|Container|Service|Secret|ServiceConfig)$/.test(type),
    );
    for (const { id, inputs } of labelled) {
      expect(inputs["labels"], id).toContainEqual({ label: "rehearsal.environment", value: "reference-sandbox" });
    }
  });

  it("clears away what an interrupted deployment left, wherever a name is fixed and data is not lost", () => {
    const hooked = sandbox.nodes.filter(({ hooks }) =>
      hooks["beforeCreate"]?.some((name) => name.includes("leftover")),
    );
    expect(new Set(hooked.map(({ type }) => type.split(":").at(-1)))).toEqual(
      new Set(["Network", "Container", "Service", "Role", "Database"]),
    );
    expect(hooked).toHaveLength(3 + 1 + 4 + 4 + 1);
  });

  it("names secrets and configs by Pulumi: they cannot change, so that a new one needs a name of its own", () => {
    for (const { id, inputs } of [...sandbox.of("Secret"), ...sandbox.of("ServiceConfig")]) {
      expect(Object.keys(inputs).toSorted(), id).toEqual(["data", "labels"]);
    }
  });

  it("reaches the engine of its settings with one provider", () => {
    const engines = sandbox.nodes.filter(({ type }) => type.startsWith("docker:")).map(({ provider }) => provider);
    expect(new Set(engines)).toEqual(new Set(["docker reference-sandbox-engine"]));
    expect(String(sandbox.get("docker <environment>-engine").inputs["host"])).toMatch(/^unix:\/\//);
  });

  it("tells where it is, what runs, and how to look", async () => {
    const { environment } = sandbox;
    expect(environment.urls).toEqual([
      "https://sandbox.localhost:8443/",
      "https://www.sandbox.localhost:8443/",
      "https://api.sandbox.localhost:8443/",
    ]);
    expect(environment.release).toMatch(/^[0-9a-f]{12}$/);
    expect(environment.databaseAddress).toBe("127.0.0.1:15432/app");
    expect(environment.adminUsername).toBe("admin");
    expect(environment.logs).toBe("docker service logs --follow reference-sandbox-app");
    const references = await promiseOf(environment.releaseReferences);
    for (const image of ["application", "static", "gateway", "postgres"] as const) {
      expect(references[image]).toMatch(new RegExp(`^reference/${image}:[0-9a-f]{12}@sha256:[0-9a-f]{64}$`));
    }
    expect(await promiseOf(environment.certificateAuthority)).toContain("BEGIN CERTIFICATE");
    expect(await promiseOf(environment.checks)).toEqual([]);
  });
});

describe("what waits for what", () => {
  it.each(["app", "static", "etl"])("the service %s waits for the migration", (service) => {
    expect(sandbox.waitsFor(`Service <environment>-${service}-service`, "Stash <environment>-migration-applied")).toBe(
      true,
    );
  });

  it("the gateway does not: a release does not touch it", () => {
    const gateway = "Service <environment>-gateway-service";
    expect(sandbox.waitsFor(gateway, "Stash <environment>-migration-applied")).toBe(false);
    expect(sandbox.waitsFor(gateway, "Image <environment>-release-application")).toBe(false);
  });

  it("the migration waits for the server, the database, its extensions, and every grant", () => {
    const migration = "Stash <environment>-migration-applied";
    expect(sandbox.waitsFor(migration, "Container <environment>-database-server")).toBe(true);
    const prepared = sandbox.nodes.filter(({ type }) => type.startsWith("postgresql:"));
    expect(prepared).toHaveLength(15);
    for (const { id } of prepared) expect(sandbox.waitsFor(migration, id), id).toBe(true);
  });

  it("the migration runs again for another release, server or administrator, and for nothing else", () => {
    const { inputs, hooks } = sandbox.get("Stash <environment>-migration-applied");
    expect(inputs["input"]).toEqual({
      release: sandbox.environment.release,
      server: "reference-sandbox-database-server-id",
      administrator: expect.stringMatching(/^[0-9a-f]{12}$/) as string,
    });
    expect(hooks).toEqual({
      beforeCreate: ["reference-sandbox-migration-plan-or-run"],
      beforeUpdate: ["reference-sandbox-migration-plan-or-run"],
    });
  });

  it("the rollout waits for every service", () => {
    const services = sandbox.of("Service");
    expect(services).toHaveLength(4);
    for (const { id } of services) expect(sandbox.waitsFor("Stash <environment>-rollout-converged", id), id).toBe(true);
  });

  it("the rollout is told of services that are updated without another declaration", () => {
    for (const { id, hooks } of sandbox.of("Service")) expect(hooks["afterUpdate"], id).toHaveLength(1);
  });

  it("services do not wait for each other: they converge side by side", () => {
    const services = sandbox.of("Service");
    for (const one of services) {
      for (const other of services) if (one !== other) expect(sandbox.waitsFor(one.id, other.id)).toBe(false);
    }
    for (const { id, inputs } of services) expect(inputs["convergeConfig"], id).toBeUndefined();
  });

  it("the checks wait for the rollout, and run for each deployment that changes a service", () => {
    const checks = sandbox.get("Stash <environment>-checks-passed");
    expect(sandbox.waitsFor(checks.id, "Stash <environment>-rollout-converged")).toBe(true);
    expect(checks.inputs["input"]).toBe(sandbox.get("Stash <environment>-rollout-converged").inputs["input"]);
    expect(checks.hooks).toEqual({
      beforeCreate: ["reference-sandbox-checks-run"],
      beforeUpdate: ["reference-sandbox-checks-run"],
    });
    const { keepers } = sandbox.get("RandomId <environment>-rollout-deployment").inputs as {
      keepers: { services: string };
    };
    expect(keepers.services.split("\n").map((line) => line.replace(/ [0-9a-f]{16} /, " <declaration> "))).toEqual([
      "reference-sandbox-app-service-id <declaration> 2",
      "reference-sandbox-static-service-id <declaration> 1",
      "reference-sandbox-etl-service-id <declaration> 1",
      "reference-sandbox-gateway-service-id <declaration> 1",
    ]);
  });

  it("grants wait for each other: the server refuses concurrent changes of one object's rights", () => {
    const grants = sandbox.nodes.filter(({ type }) => /:(Grant|DefaultPrivileges)$/.test(type));
    for (const one of grants) {
      for (const other of grants) {
        if (one !== other) expect(sandbox.waitsFor(one.id, other.id) || sandbox.waitsFor(other.id, one.id)).toBe(true);
      }
    }
  });
});

describe("the database's roles", () => {
  it("can log in and own no power; the owner's tables give the others their rights, those to come too", () => {
    const roles = sandbox
      .of("Role")
      .map(({ inputs }) => ({ ...inputs, password: typeof unmarked(inputs["password"]) }));
    expect(roles.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toEqual(
      ["app", "etl", "owner", "report"].map((name) => ({ name, login: true, password: "string" })),
    );
    expect(sandbox.get("Database <environment>-database-roles-database").inputs).toEqual({
      name: "app",
      owner: "owner",
    });
    const rights = sandbox.of("DefaultPrivileges").map(({ inputs }) => {
      expect(inputs).toMatchObject({ owner: "owner", schema: "public", database: "app" });
      return [inputs["role"], inputs["objectType"], inputs["privileges"]];
    });
    const rows = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    expect(rights).toEqual([
      ["app", "table", rows],
      ["app", "sequence", ["SELECT", "USAGE"]],
      ["etl", "table", rows],
      ["etl", "sequence", ["SELECT", "USAGE"]],
      ["report", "table", ["SELECT"]],
      ["report", "sequence", ["SELECT"]],
    ]);
    expect(
      sandbox.of("Grant").map(({ inputs }) => [inputs["role"], inputs["objectType"], inputs["privileges"]]),
    ).toEqual(["app", "etl", "report"].map((role) => [role, "schema", ["USAGE"]]));
  });

  it.each([
    ["app", "database-url", "app"],
    ["app", "report-database-url", "report"],
    ["etl", "database-url", "etl"],
  ])("reach the process %s as its own: %s is that of %s", (service, secret, role) => {
    const data = unmarked(sandbox.get(`Secret <environment>-${service}-${secret}`).inputs["data"]);
    const url = new URL(Buffer.from(String(data), "base64").toString());
    expect([url.username, url.host, url.pathname]).toEqual([role, "database:5432", "/app"]);
    const password = unmarked(sandbox.get(`Role <environment>-database-roles-${role}`).inputs["password"]);
    expect(url.password).toBe(password);
  });
});
