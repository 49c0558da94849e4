import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Checkout } from "./checkout.ts";
import { docker, eventually, RunningEnvironment } from "./running-environment.ts";

const STACK = "it-environment";
const NAME = "reference-it-environment";

/** What a change by hand touches of a service's specification. */
interface ServiceSpec {
  readonly TaskTemplate: { readonly ContainerSpec: { readonly Env?: string[] } };
}

const checkout = new Checkout();
let environment: RunningEnvironment;
let firstUp: { exitCode: number; output: string };

beforeAll(async () => {
  await checkout.succeed("stack", "init", STACK);
  firstUp = await checkout.up(STACK);
  expect(firstUp.exitCode, firstUp.output).toBe(0);
  environment = await RunningEnvironment.of(checkout, STACK, NAME);
});

afterAll(async () => {
  await checkout.remove(STACK);
});

describe("an environment from nothing", () => {
  it("passes every critical check", async () => {
    const checks = await checkout.output<string[]>(STACK, "checks");
    expect(checks.map((line) => line.split(":")[0])).toEqual([
      "gateway.tls passed",
      "gateway.proxy passed",
      "gateway.sizes passed",
      "web.page passed",
      "web.static passed",
      "web.links passed",
      "web.cookies passed",
      "api.answers passed",
      "api.links passed",
      "admin.login passed",
      "app.hosts passed",
      "app.csrf passed",
      "app.debug-off passed",
      "app.deploy-check passed",
      "app.logging passed",
      "app.write-read passed",
      "app.passwords passed",
      "app.media passed",
      "database.migrations passed",
      "database.roles passed",
      "time.zone passed",
      "etl.alive passed",
      "etl.last-run passed",
      "network.closed passed",
      "health.database-away passed",
      "image.health-command passed",
      "image.imports passed",
      "image.moments passed",
      "image.programs passed",
      "image.requirements passed",
      "image.secrets passed",
      "image.translations passed",
      "release.single passed",
      "release.steady passed",
      "release.stop-signal passed",
    ]);
  });

  it("shows the migrations as they run", () => {
    expect(firstUp.output).toMatch(/migrate \| .*Applying flights\.0001_initial\.\.\. OK/);
  });

  it("changes nothing the second time", async () => {
    const { output } = await checkout.up(STACK);
    expect(output).toMatch(/Resources:\s+\d+ unchanged/);
  });

  it("differs in nothing after a refresh", async () => {
    const { exitCode, output } = await checkout.pulumi(
      "refresh",
      "--preview-only",
      "--expect-no-changes",
      "--stack",
      STACK,
    );
    expect(exitCode, output).toBe(0);
  });

  it("waits for what a refresh puts back, and checks it, although nothing is declared anew", async () => {
    const service = docker.getService(`${NAME}-static`);
    const found = (await service.inspect()) as { Spec: ServiceSpec; Version: { Index: number } };
    found.Spec.TaskTemplate.ContainerSpec.Env?.push("BY_HAND=1");
    await service.update({ ...found.Spec, version: found.Version.Index });
    const output = await checkout.succeed("up", "--refresh", "--yes", "--skip-preview", "--stack", STACK);
    expect(output).toMatch(/Service reference-it-environment-static-service updated/);
    expect(output).toContain(`rollout | ${NAME}-static converged after`);
    expect(output).toContain("check | web.static passed");
    const quiet = await checkout.up(STACK);
    expect(quiet.output).toMatch(/Resources:\s+\d+ unchanged/);
    expect(quiet.output).not.toContain("check | ");
  });

  it("shows exactly the resources that a changed setting touches", async () => {
    checkout.configure(STACK, { app: { replicas: 3 } });
    const output = await checkout.succeed("preview", "--json", "--stack", STACK);
    checkout.configure(STACK, { app: { replicas: 2 } });
    const { steps } = JSON.parse(output.slice(output.indexOf("{"))) as { steps: { op: string; urn: string }[] };
    const changed = steps
      .filter(({ op }) => op !== "same" && op !== "read")
      .map(({ op, urn }) => `${op} ${urn.split("::").at(-1)}`);
    expect(changed.sort()).toEqual(
      [
        `update ${NAME}-app-service`,
        `replace ${NAME}-rollout-deployment`,
        `update ${NAME}-rollout-converged`,
        `update ${NAME}-checks-passed`,
      ].sort(),
    );
  });
});

describe("what runs in an environment", () => {
  it("is restricted in every container", async () => {
    const containers = await environment.containers();
    expect(containers.length).toBe(6);
    for (const { Name, Config, HostConfig, State } of containers) {
      expect.soft(Config.User, Name).toMatch(/^(10001:10001|999:999)$/);
      expect.soft(HostConfig.ReadonlyRootfs, Name).toBe(true);
      expect.soft(HostConfig.CapDrop, Name).toEqual(["ALL"]);
      expect.soft(HostConfig.Memory, Name).toBeGreaterThan(0);
      expect.soft(HostConfig.LogConfig?.Config, Name).toMatchObject({ "max-size": "10m", "max-file": "3" });
      expect.soft(Config.Healthcheck?.Test?.length, Name).toBeGreaterThan(1);
      // Swarm cannot be told no-new-privileges on every engine: what counts is the process that runs.
      expect
        .soft(privileges(State.Pid), Name)
        .toEqual(expect.arrayContaining([expect.stringContaining("NoNewPrivs:\t1")]));
    }
    for (const { Name, HostConfig } of containers) {
      if (!Name.includes("database")) expect.soft(HostConfig.NanoCpus, Name).toBeGreaterThan(0);
    }
  });

  it("publishes the gateway's port alone, and the database on the loopback address", async () => {
    const published = (await environment.containers()).flatMap(({ Name, HostConfig }) =>
      Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostIp: string; HostPort: string }[]>)
        .flat()
        .map(({ HostIp }) => `${Name.slice(1).replace(/\..*/, "")} ${HostIp}`),
    );
    expect(published.map((line) => line.trim()).sort()).toEqual([`${NAME}-database 127.0.0.1`, `${NAME}-gateway`]);
  });

  it("holds no secret in clear in containers, services, logs or state", async () => {
    const secrets = await secretValues();
    expect(secrets.length).toBeGreaterThanOrEqual(7);
    const services = await docker.listServices({ filters: { name: [NAME] } });
    const logs = await Promise.all(
      (await environment.containers()).map(async ({ Id }) =>
        (await docker.getContainer(Id).logs({ stdout: true, stderr: true })).toString("latin1"),
      ),
    );
    const places: Record<string, string> = {
      containers: JSON.stringify(await environment.containers()),
      services: JSON.stringify(services),
      logs: logs.join("\n"),
      output: firstUp.output,
      state: readFileSync(checkout.path(".state/.pulumi/stacks/rehearsal", `${STACK}.json`), "utf8"),
    };
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect.soft(text.includes(secret), `a secret in ${place}`).toBe(false);
    }
  });

  it("reaches nothing outside from application and ETL worker", async () => {
    // Any address will do that a container with a way out reaches: the engine's own host on its bridge.
    const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Gateway?: string }[] } };
    const target = bridge.IPAM.Config[0]?.Gateway ?? "172.17.0.1";
    const probe = ["python3", "-c", `import socket; socket.create_connection(("${target}", ${environment.port}), 5)`];
    for (const service of ["app", "etl"]) {
      const { exitCode, output } = await environment.exec(service, probe);
      expect.soft(exitCode, `${service}: ${output}`).toBe(1);
      expect.soft(output, service).toMatch(/Network is unreachable|timed out/);
    }
    // The same probe succeeds where there is a way out: it is not the probe that fails.
    const { Image } = await environment.container("app");
    const [result] = (await docker.run(Image, probe, process.stderr, {
      Entrypoint: [],
      HostConfig: { AutoRemove: true },
    })) as [{ StatusCode: number }];
    expect(result.StatusCode).toBe(0);
  });

  it("cannot change the schema as the application, and cannot write as the report", async () => {
    const passwords = await rolePasswords();
    const attempt = async (role: string, statement: string) => {
      const client = new pg.Client({ ...(await databaseAddress()), user: role, password: passwords[role] });
      await client.connect();
      try {
        await client.query("BEGIN");
        await client.query(statement);
        return "allowed";
      } catch (error) {
        return (error as { code?: string }).code;
      } finally {
        await client.end();
      }
    };
    const denied = "42501";
    for (const role of ["app", "etl", "report"]) {
      expect.soft(await attempt(role, "CREATE TABLE intruder (id int)"), role).toBe(denied);
      expect.soft(await attempt(role, "ALTER TABLE flights_airport ADD COLUMN intruder int"), role).toBe(denied);
      expect.soft(await attempt(role, "DROP TABLE flights_airport"), role).toBe(denied);
      expect.soft(await attempt(role, "TRUNCATE flights_airport"), role).toBe(denied);
    }
    expect(await attempt("report", "DELETE FROM flights_airport")).toBe(denied);
    expect(await attempt("app", "DELETE FROM flights_remark")).toBe("allowed");
  });
});

describe("an environment whose state is missing", () => {
  it("is left alone: nothing that runs is removed or made anew, nor is it when the refused deployment is taken away", async () => {
    const before = (await environment.containers()).map(({ Id }) => Id).sort();
    const files = await filesOnEngine();
    const elsewhere = new Checkout();
    try {
      await elsewhere.succeed("stack", "init", STACK);
      const { exitCode, output } = await elsewhere.up(STACK);
      expect(exitCode).not.toBe(0);
      expect(output).toContain("the stack's state does not know it");
      await elsewhere.succeed("destroy", "--yes", "--skip-preview", "--stack", STACK);
    } finally {
      elsewhere.removeFolder();
    }
    expect(await filesOnEngine()).toEqual(files);
    expect((await environment.containers()).map(({ Id }) => Id).sort()).toEqual(before);
    expect((await environment.get("/")).status).toBe(200);
  });
});

describe("a database that goes away", () => {
  it("does not take the tasks with it, and is served from again when it is back", async () => {
    const before = { app: await environment.tasks("app"), etl: await environment.tasks("etl") };
    const { Id } = await environment.container("database");
    await docker.getContainer(Id).stop({ t: 30 });
    await sleep(60_000);
    const during = await environment.get("/");
    await docker.getContainer(Id).start();
    await eventually("the page answers again", async () => (await environment.get("/")).status === 200, 60);
    expect(during.status).toBeGreaterThanOrEqual(500);
    expect({ app: await environment.tasks("app"), etl: await environment.tasks("etl") }).toEqual(before);
  });
});

function privileges(pid: number): string[] {
  const status = (id: number | string) => readFileSync(`/proc/${id}/status`, "utf8");
  // Docker's own init comes first; what it started is what counts.
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return (children.length > 0 ? children : [pid]).map(status);
}

async function databaseAddress(): Promise<{ host: string; port: number; database: string }> {
  const address = await checkout.output<string>(STACK, "databaseAddress");
  const [, host = "", port = "", database = ""] = /^(.*):(\d+)\/(.*)$/.exec(address) ?? [];
  return { host, port: Number(port), database };
}

interface Deployment {
  readonly deployment: {
    readonly resources: {
      readonly type: string;
      readonly urn: string;
      readonly outputs?: { readonly result?: unknown };
    }[];
  };
}

async function passwordResources(): Promise<Map<string, string>> {
  const state = JSON.parse(await checkout.succeed("stack", "export", "--show-secrets", "--stack", STACK)) as Deployment;
  const passwords = state.deployment.resources.filter(
    ({ type }) => type === "random:index/randomPassword:RandomPassword",
  );
  return new Map(passwords.map(({ urn, outputs }) => [urn.split("::").at(-1) ?? "", plain(outputs?.result)] as const));
}

/** A secret of an export carries its value as JSON. */
function plain(value: unknown): string {
  return typeof value === "string" ? value : (JSON.parse((value as { plaintext: string }).plaintext) as string);
}

async function rolePasswords(): Promise<Record<string, string>> {
  const all = await passwordResources();
  return Object.fromEntries(
    ["app", "etl", "report"].map((role) => [role, all.get(`${NAME}-database-roles-${role}-password`) ?? ""]),
  );
}

async function secretValues(): Promise<string[]> {
  return [...(await passwordResources()).values()];
}

/** Secrets and configurations of the environment. */
async function filesOnEngine(): Promise<string[]> {
  const filters = { label: [`rehearsal.environment=${NAME}`] };
  const [secrets, configs] = await Promise.all([docker.listSecrets({ filters }), docker.listConfigs({ filters })]);
  return [...secrets, ...configs].map(({ ID }) => ID).sort();
}
