import { appendFileSync, cpSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PostgresAddress } from "../../../engine/postgres.ts";
import { withConnection } from "../../../engine/postgres.ts";
import { DISPLACED_LABEL } from "../../../engine/service-rollout.ts";
import type { Finding } from "../../../rehearsal/finding.ts";
import type { RunResult } from "../../../rehearsal/run/run-result.ts";
import { Checkout, type Ended } from "./checkout.ts";
import { docker, environmentObjects, eventually, RunningEnvironment, removeImages } from "./running-environment.ts";

const STACK = "it-run";
const PROJECT = "it-run";
const NAME = `${PROJECT}-${STACK}`;
const SOURCE = path.resolve(import.meta.dirname, "../../projects/minimal");
const INTRUDER = `${NAME}-by-hand`;
const SUITES = [
  { id: "pages", command: ["python3", "-m", "unittest", "test_pages"] },
  { id: "entries", command: ["python3", "entries.py"] },
  { id: "empty-book", command: ["python3", "-m", "unittest", "test_empty_book"], database: "fresh" },
];

const checkout = new Checkout();
let environment: RunningEnvironment;

beforeAll(async () => {
  cpSync(SOURCE, checkout.path("guestbook"), { recursive: true });
  await checkout.succeed("stack", "init", STACK);
  checkout.configure(STACK, {
    app: {
      name: PROJECT,
      source: "guestbook",
      settingsModule: "site_config.settings.deployed",
      command: ["uvicorn", "site_config.asgi:application", "--host", "0.0.0.0", "--port", "8000"],
      replicas: 1,
    },
    etl: { command: "none" },
    checks: { api: "none" },
    load: { seconds: 3, requestsPerSecond: 15 },
    database: { extensions: [] },
    tests: { dockerfile: "guestbook/url_tests/Dockerfile", baseUrlVariable: "GUESTBOOK_URL", suites: SUITES },
  });
});

afterAll(async () => {
  await docker
    .getContainer(INTRUDER)
    .remove({ force: true })
    .catch(() => undefined);
  await checkout.remove(STACK);
  await removeImages(PROJECT);
  expect(await environmentObjects(NAME)).toEqual([]);
});

/** The newest report in the checkout's folder. */
function newestReport(): RunResult {
  const reports = readdirSync(checkout.path("reports")).filter((name) =>
    new RegExp(`^rehearsal-${NAME}-.*\\.json$`).test(name),
  );
  return JSON.parse(readFileSync(checkout.path("reports", reports.sort().at(-1) ?? ""), "utf8")) as RunResult;
}

function findingsOf(result: RunResult): Finding[] {
  return result.steps.flatMap(({ findings }) => findings);
}

async function withDatabase(...statements: readonly string[]): Promise<void> {
  const address: PostgresAddress = {
    ...(await administration()),
    database: "app",
  };
  await withConnection(address, async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

async function administration(): Promise<PostgresAddress> {
  const text = await checkout.succeed("stack", "export", "--show-secrets", "--stack", STACK);
  const { deployment } = JSON.parse(text) as {
    deployment: { resources: { urn: string; outputs?: { result?: { plaintext?: string } } }[] };
  };
  const superuser = deployment.resources.find(({ urn }) => urn.endsWith(`::${NAME}-database-superuser`));
  const url = new URL(await checkout.output<string>(STACK, "reportDatabaseUrl"));
  return {
    host: "127.0.0.1",
    port: Number(url.port),
    username: "postgres",
    password: JSON.parse(superuser?.outputs?.result?.plaintext ?? '""') as string,
    database: "postgres",
    sslmode: "disable",
  };
}

/** What a run on throw-away servers leaves on the engine if it does not clear up. */
async function leftovers(): Promise<string[]> {
  const [containers, networks] = await Promise.all([docker.listContainers({ all: true }), docker.listNetworks()]);
  return [
    ...containers.flatMap(({ Names }) => Names.map((name) => name.slice(1))),
    ...networks.map(({ Name }) => Name),
  ].filter((name) => name.startsWith(`${NAME}-drift`) || name.startsWith(`${NAME}-tests`));
}

async function suiteRuns(): Promise<boolean> {
  const running = await docker.listContainers();
  return running.some(({ Names }) => Names.some((name) => name.startsWith(`/${NAME}-tests`)));
}

async function displacedServices(): Promise<string[]> {
  const services = (await docker.listServices({ filters: { label: [DISPLACED_LABEL] } })) as {
    Spec?: { Name?: string };
  }[];
  return services.flatMap(({ Spec }) => Spec?.Name ?? []).filter((name) => name.startsWith(`${NAME}-`));
}

describe("rehearse run", () => {
  it("says plainly that a stack is not deployed", async () => {
    const { exitCode, output } = await checkout.rehearse("run", "--stack", STACK);
    expect(output).toContain(`stack ${STACK} must be deployed`);
    expect(output).not.toContain("    at ");
    expect(exitCode).toBe(1);
  });

  it("deploys a release and finds nothing wrong with it", async () => {
    const { exitCode, output } = await checkout.rehearse("run", "--stack", STACK, "--deploy");
    expect(output).toContain(`Rehearsal of ${NAME}: PASSED`);
    expect(output).toContain("nothing found");
    expect(exitCode).toBe(0);
    const { steps } = newestReport();
    expect(steps.map(({ id, status }) => `${id} ${status}`)).toEqual([
      "prepare passed",
      "pages passed",
      "code passed",
      "etl skipped",
      "settings passed",
      "tests passed",
      "database passed",
      "logs passed",
      "drift passed",
      "load passed",
      // Nobody has set production up here.
      "preflight skipped",
    ]);
    expect(output).toContain("entries | looked at 0 entries");
    expect(steps.find(({ id }) => id === "tests")?.figures).toEqual({
      "tests of suite pages": 2,
      "tests of suite entries": 1,
      "tests of suite empty-book": 1,
    });
    environment = await RunningEnvironment.of(checkout, STACK, NAME);
    // The images of three suites are built in it as well.
  }, 600_000);

  it("leaves nothing behind when it is interrupted", async () => {
    const { child, ended } = checkout.startRehearse("run", "--stack", STACK);
    await eventually("the throw-away network", async () => (await leftovers()).length > 0, 60);
    child.kill("SIGINT");
    const { exitCode, output } = await ended;
    expect(output).toContain("interrupted");
    expect(exitCode).toBe(130);
    expect(await leftovers()).toEqual([]);
  });

  it("leaves what is declared where it is killed under load", async () => {
    const { child, ended } = checkout.startRehearse("run", "--stack", STACK, "--step", "load");
    await eventually("a displaced service", async () => (await displacedServices()).length > 0, 120);
    child.kill("SIGKILL");
    await ended;
    // The next command puts back what it finds displaced, and nothing of it is drift.
    const { output } = await checkout.rehearse("run", "--stack", STACK, "--step", "drift");
    expect(output).toContain(`put back service ${NAME}-`);
    expect(output).toContain(`Rehearsal of ${NAME}: PASSED`);
    expect(await displacedServices()).toEqual([]);
    const refreshed = await checkout.succeed("refresh", "--preview-only", "--stack", STACK);
    expect(refreshed).toContain(`docker:index:Service ${NAME}-app-service`);
    expect(refreshed).not.toMatch(/docker:\S+ \S+ (?:update|delete|replace)/);
  });

  describe("with tests that do not end", () => {
    beforeAll(() => {
      const slow = { id: "slow", command: ["python3", "-c", "import time; print('at work'); time.sleep(600)"] };
      checkout.configure(STACK, { tests: { suites: [slow] } });
    });

    afterAll(() => {
      checkout.configure(STACK, { tests: { suites: SUITES } });
    });

    it.each(["SIGINT", "SIGKILL"] as const)("leaves nothing behind after %s", async (signal) => {
      const { child, ended } = checkout.startRehearse("run", "--stack", STACK, "--step", "tests");
      // One that is created and not started goes with the next command: the engine itself removes what has run.
      await eventually("the suite at work", suiteRuns, 60);
      child.kill(signal);
      const { exitCode, output } = await ended;
      expect([exitCode, output.includes("interrupted")]).toEqual(signal === "SIGINT" ? [130, true] : [-1, false]);
      await eventually("the container is gone", async () => (await leftovers()).length === 0, 60);
    });

    it("kills a suite whose time is up, and names it", async () => {
      const slow = {
        id: "slow",
        command: ["python3", "-c", "import time; print('at work', flush=True); time.sleep(600)"],
      };
      checkout.configure(STACK, { tests: { suites: [{ ...slow, timeoutSeconds: 3 }] } });
      const { exitCode } = await checkout.rehearse("run", "--stack", STACK, "--step", "tests");
      expect(findingsOf(newestReport())).toMatchObject([
        { id: "tests.time-limit", severity: "blocking", subject: "suite slow", evidence: ["at work"] },
      ]);
      expect(exitCode).toBe(1);
      expect(await leftovers()).toEqual([]);
    });
  });

  describe("after changes by hand", () => {
    let ended: Ended;
    let result: RunResult;

    beforeAll(async () => {
      // The database was restarted as well, which is no drift.
      await docker.getContainer(`${NAME}-database`).restart();
      await eventually(
        "the database",
        async () => {
          const { State } = await docker.getContainer(`${NAME}-database`).inspect();
          return State.Health?.Status === "healthy";
        },
        60,
      );
      const gateway = await environment.container("gateway");
      const files = (gateway as unknown as { GraphDriver: { Data: { MergedDir: string } } }).GraphDriver.Data;
      appendFileSync(path.join(files.MergedDir, "etc/nginx/nginx.conf"), "# by hand\n");
      await addVariable();
      const intruder = await docker.createContainer({
        name: INTRUDER,
        Image: gateway.Image,
        Entrypoint: ["sleep", "600"],
        ExposedPorts: { "80/tcp": {} },
        HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }] } },
      });
      await intruder.start();
      await docker.getNetwork(`${NAME}-data`).connect({ Container: intruder.id });
      await withDatabase(
        "CREATE ROLE intern LOGIN",
        "GRANT SELECT ON guestbook_entry TO intern",
        "CREATE INDEX entry_by_hand ON guestbook_entry (id)",
        "DROP INDEX django_session_expire_date_a5c62663",
        "INSERT INTO guestbook_entry (name, message, written) VALUES ('nobody', 'By hand.', now())",
      );
      await expect(withDatabase("SELECT 1 / 0")).rejects.toThrow("division by zero");
      ended = await checkout.rehearse("run", "--stack", STACK, "--step", "tests", "--step", "logs", "--step", "drift");
      result = newestReport();
    });

    async function addVariable(): Promise<void> {
      const service = docker.getService(`${NAME}-static`);
      const found = (await service.inspect()) as {
        Version: { Index: number };
        Spec: { TaskTemplate: { ContainerSpec: { Env?: string[] } } };
      };
      found.Spec.TaskTemplate.ContainerSpec.Env?.push("BY_HAND=1");
      await service.update({ ...found.Spec, version: found.Version.Index });
    }

    it("stops, and finds no drift but what was done", () => {
      expect(ended.output).toContain(`Rehearsal of ${NAME}: STOPPED`);
      expect(ended.exitCode).toBe(1);
      const drift = findingsOf(result)
        .map(({ id }) => id)
        .filter((id) => id.startsWith("drift."));
      expect(drift.sort()).toEqual([
        "drift.changed-file",
        "drift.index",
        "drift.port",
        "drift.rights",
        "drift.role",
        "drift.schema",
        "drift.undeclared-container",
        "drift.variable",
      ]);
    });

    it.each([
      ["a file that was edited in a container", "drift.changed-file", "/etc/nginx/nginx.conf"],
      ["a variable that was added to a service", "drift.variable", `service ${NAME}-static, variable BY_HAND`],
      ["a container in the data network", "drift.undeclared-container", `container ${INTRUDER}`],
      ["its port on every address", "drift.port", `container ${INTRUDER}, port `],
      ["a role", "drift.role", "role intern"],
      ["the role's rights", "drift.rights", "privileges of intern on table public.guestbook_entry"],
      ["an index too much", "drift.schema", "index public.entry_by_hand"],
      ["an index that is gone", "drift.index", "index public.django_session_expire_date_a5c62663"],
      ["an error in the log", "log.new-error", "database: division by zero"],
      ["a test that fails", "tests.failed", "suite entries, guestbook.entry_of_nobody"],
    ])("names %s", (_what, id, subject) => {
      const subjects = findingsOf(result)
        .filter((finding) => finding.id === id && finding.severity === "blocking")
        .map((finding) => finding.subject);
      expect(subjects).toContainEqual(expect.stringContaining(subject));
    });
  });
});
