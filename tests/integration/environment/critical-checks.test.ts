import { execFileSync } from "node:child_process";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployedEnvironment } from "../../../rehearsal/checks/check.ts";
import { checksOf } from "../../../rehearsal/checks/critical-checks.ts";
import { type CheckResult, describeResult, runChecks } from "../../../rehearsal/checks/run-checks.ts";
import { Checkout } from "./checkout.ts";
import { docker, RunningEnvironment } from "./running-environment.ts";

const STACK = "it-checks";
const NAME = "reference-it-checks";
const BROKEN_IMAGE = "it-checks/broken:1";

const OWN = [
  {
    id: "api",
    command: ["python", "-c", "import os; assert os.environ['BASE_URL_AUTHORITY']; print(os.environ['BASE_URL'])"],
  },
  {
    id: "page",
    command: [
      "python",
      "-c",
      "import os, urllib.request as r; print(r.urlopen(os.environ['BASE_URL'] + '/api/v1/').status)",
    ],
  },
  { id: "never", command: ["python", "-c", "raise SystemExit('this is the evidence')"] },
];

const checkout = new Checkout();
let running: RunningEnvironment;
let environment: DeployedEnvironment;

beforeAll(async () => {
  await checkout.succeed("stack", "init", STACK);
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);
  running = await RunningEnvironment.of(checkout, STACK, NAME);
  environment = await deployed();
});

afterAll(async () => {
  await checkout.remove(STACK);
  await docker
    .getImage(BROKEN_IMAGE)
    .remove({ force: true })
    .catch(() => undefined);
});

describe("the critical checks on an environment that works", () => {
  it("all pass without a warning, the project's own among them, and one of these fails with what it printed", async () => {
    const own = { ...environment, checks: { ...environment.checks, own: OWN } };
    const results = await runChecks(checksOf(own), own);
    const told = results.filter((result) => result.state !== "passed" || result.warnings.length > 0);
    expect(
      told.map(({ id }) => id),
      told.map(describeResult).join("\n"),
    ).toEqual(["own.never"]);
    expect(seen(results, "own.never")).toContain("this is the evidence");
  });
});

describe("the critical checks on an environment that was changed by hand", () => {
  it("find what a changed service shows: debug pages, a refused hostname, cookies, a way out, a time zone", async () => {
    const front = await docker.getNetwork(`${NAME}-front`).inspect();
    const variables = ["DJANGO_DEBUG=1", `DJANGO_ALLOWED_HOSTS=${running.hostname}`, "TZ=Europe/Berlin"];
    execFileSync("docker", [
      "service",
      "update",
      "--quiet",
      ...variables.flatMap((variable) => ["--env-add", variable]),
      "--network-add",
      (front as { Id: string }).Id,
      `${NAME}-app`,
    ]);
    const results = await runChecks(checksOf(environment), environment);
    const report = results.map(describeResult).join("\n");
    for (const id of ["app.debug-off", "app.hosts", "web.page", "web.cookies", "network.closed", "time.zone"]) {
      expect.soft(failed(results), report).toContain(id);
    }
    expect.soft(failed(results)).not.toContain("database.migrations");
    expect.soft(seen(results, "app.debug-off")).toContain("debug page");
    expect.soft(seen(results, "network.closed")).toContain("a route to 192.0.2.1");
    expect.soft(seen(results, "time.zone")).toContain("UTC+1 h in January, UTC+2 h in July");
    execFileSync("docker", ["service", "rollback", "--quiet", `${NAME}-app`]);
  });

  it("find what was changed in the database, and rows that did not come", async () => {
    await inDatabase("ALTER ROLE etl SET timezone = 'America/New_York'");
    await inDatabase("INSERT INTO django_migrations (app, name, applied) VALUES ('none', '0001_none', now())");
    await inDatabase("DELETE FROM django_migrations WHERE app = 'reports' OR name = '0002_release'");
    const checks = { ...environment.checks, etlRowFloor: 1_000_000 };
    const results = await runChecks(checksOf(environment), { ...environment, checks });
    expect(failed(results), results.map(describeResult).join("\n")).toEqual([
      "database.migrations",
      "time.zone",
      "etl.last-run",
    ]);
    expect(seen(results, "etl.last-run")).toContain("succeeded");
    await inDatabase("ALTER ROLE etl RESET timezone");
  });
});

describe("the critical checks on a release", () => {
  it("find a health check without its tool, and one that passes while the database is away", async () => {
    await docker.createService({
      Name: `${NAME}-twin`,
      Mode: { Replicated: { Replicas: 0 } },
      TaskTemplate: {
        ContainerSpec: {
          Image: environment.releaseContainer.image,
          Command: ["python3", "-m", "http.server", "8000"],
          HealthCheck: { Test: ["CMD", "true"] },
        },
      },
    });
    try {
      const away = environment.services.map((declared) =>
        declared.role === "app" ? { ...declared, name: `${NAME}-twin` } : declared,
      );
      const only = (id: string) => checksOf(environment).filter((check) => check.id === id);
      const results = await runChecks(only("health.database-away"), { ...environment, services: away });
      expect(seen(results, "health.database-away")).toBe("healthy");
      const tool = "no-such-tool";
      execFileSync("docker", ["service", "update", "--quiet", "--detach", "--health-cmd", tool, `${NAME}-twin`]);
      const shell = await runChecks(only("image.health-command"), { ...environment, services: away });
      expect(failed(shell), "a shell is there, whatever it is asked").toEqual([]);
    } finally {
      await docker.getService(`${NAME}-twin`).remove();
    }
  });

  it("find modules that cannot be imported, on rare paths too, and requirements that are not met", async () => {
    const lines = [
      `FROM ${environment.releaseContainer.image}`,
      "USER 0:0",
      "RUN printf 'import no_such_package\\n' > /app/reports/broken.py \\",
      " && printf 'def rare():\\n    from PIL import NoSuchName\\n' > /app/flights/rare.py \\",
      " && rm -r /opt/venv/lib/python3*/site-packages/sqlparse-*",
      "USER 10001:10001",
    ];
    execFileSync("docker", ["build", "--quiet", "--tag", BROKEN_IMAGE, "-"], { input: `${lines.join("\n")}\n` });
    const releaseContainer = { ...environment.releaseContainer, image: BROKEN_IMAGE };
    const checks = checksOf(environment).filter(({ id }) => id.startsWith("image."));
    const results = await runChecks(checks, { ...environment, releaseContainer });
    expect(failed(results), results.map(describeResult).join("\n")).toEqual(["image.imports", "image.requirements"]);
    expect(seen(results, "image.imports")).toContain("No module named 'no_such_package'");
    expect(seen(results, "image.imports")).toContain("cannot import name 'NoSuchName'");
    expect(seen(results, "image.requirements")).toContain("requires sqlparse, which is not installed");
  });
});

function failed(results: readonly CheckResult[]): string[] {
  return results.filter(({ state }) => state === "failed").map(({ id }) => id);
}

function seen(results: readonly CheckResult[], id: string): string {
  return results
    .flatMap((result) => (result.id === id && result.state === "failed" ? result.findings : []))
    .map((finding) => finding.seen)
    .join("\n");
}

async function inDatabase(statement: string): Promise<void> {
  const { host, port, username: user, password, database } = environment.database;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The environment as the deployment hands it to the checks. */
async function deployed(): Promise<DeployedEnvironment> {
  const app = await running.container("app");
  const secret = async (name: string) => (await running.exec("app", ["cat", `/run/secrets/${name}`])).output.trim();
  const address = await checkout.output<string>(STACK, "databaseAddress");
  const [, host = "", port = "", database = ""] = /^(.*):(\d+)\/(.*)$/.exec(address) ?? [];
  const variables = Object.fromEntries(app.Config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2))) as Record<
    string,
    string
  >;
  const services = await docker.listServices({ filters: { name: [NAME] } });
  const urls = await checkout.output<string[]>(STACK, "urls");
  const domain = new URL(urls[0] ?? "").hostname;
  return {
    name: NAME,
    hostnames: [...urls.map((url) => new URL(url).hostname), `*.tenants.${domain}`],
    gateway: { address: "127.0.0.1", port: running.port },
    maxBodyMiB: 10,
    authority: running.authority,
    outside: false,
    paths: { page: "/", api: "/api/v1/", adminLogin: "/admin/login/" },
    checks: {
      certificateDays: 21,
      etl: ["python", "manage.py", "etl_status", "--json"],
      etlRowFloor: 1,
      own: [],
      silenced: [],
      skippedModules: [],
    },
    administrator: { username: "admin", password: await checkout.output<string>(STACK, "adminPassword") },
    services: services.map(({ Spec }) => ({
      role: (Spec?.Name ?? "").slice(NAME.length + 1) as "app",
      name: Spec?.Name ?? "",
      declaration: "",
      image: (Spec as { TaskTemplate: { ContainerSpec: { Image: string } } }).TaskTemplate.ContainerSpec.Image,
    })),
    database: {
      host,
      port: Number(port),
      username: "postgres",
      password: await administratorPassword(),
      database,
      sslmode: "disable",
    },
    roles: { owner: "owner", app: "app", etl: "etl", report: "report" },
    releaseContainer: {
      name: `${NAME}-check`,
      image: app.Config.Image,
      environment: { ...variables, STATIC_READY_URL: "" },
      secrets: {
        DATABASE_URL: await secret("DATABASE_URL"),
        REPORT_DATABASE_URL: await secret("REPORT_DATABASE_URL"),
        DJANGO_SECRET_KEY: await secret("DJANGO_SECRET_KEY"),
      },
      networks: [`${NAME}-data`],
      memoryBytes: 384 * 1024 * 1024,
    },
    engine: docker,
  };
}

async function administratorPassword(): Promise<string> {
  const state = JSON.parse(await checkout.succeed("stack", "export", "--show-secrets", "--stack", STACK)) as {
    deployment: { resources: { urn: string; type: string; outputs?: { result?: { plaintext: string } | string } }[] };
  };
  const found = state.deployment.resources.filter(({ type }) => type === "random:index/randomPassword:RandomPassword");
  const result = found.find(({ urn }) => urn.endsWith("-database-superuser"))?.outputs?.result;
  if (result === undefined) throw new Error(found.map(({ urn }) => urn).join("\n"));
  return typeof result === "string" ? result : (JSON.parse(result.plaintext) as string);
}
