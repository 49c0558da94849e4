import { describe, expect, it } from "vitest";
import { appDeployCheck } from "../../../rehearsal/checks/app-deploy-check.ts";
import { appHosts } from "../../../rehearsal/checks/app-hosts.ts";
import { appLogging } from "../../../rehearsal/checks/app-logging.ts";
import { databaseMigrations } from "../../../rehearsal/checks/database-migrations.ts";
import { etlLastRun } from "../../../rehearsal/checks/etl-last-run.ts";
import { imageImports } from "../../../rehearsal/checks/image-imports.ts";
import { imageMoments } from "../../../rehearsal/checks/image-moments.ts";
import { imagePrograms } from "../../../rehearsal/checks/image-programs.ts";
import { imageRequirements } from "../../../rehearsal/checks/image-requirements.ts";
import { inspection } from "../../../rehearsal/checks/release-inspection.ts";
import { inspected, printing } from "./inspected.ts";

describe("the look at a release from inside of its image", () => {
  it("takes one container for all that is asked", async () => {
    const { environment, engine } = await inspected({});
    await Promise.all([inspection(environment, "settings"), inspection(environment, "imports")]);
    expect(await inspection(environment, "requirements")).toEqual({ packages: 20, problems: [] });
    const created = engine.requests.filter(({ call }) => call === "POST /containers/create");
    expect(created).toHaveLength(1);
    expect(created[0]?.body).toMatchObject({
      name: expect.stringMatching(/^shop-sandbox-check-inspect-[0-9a-f]{8}$/) as string,
      Cmd: ["/opt/rehearsal/run", "inspect", "--secrets-from-stdin"],
      Env: expect.arrayContaining([
        'INSPECT_HOSTNAMES=["shop.test","www.shop.test","any.tenants.shop.test"]',
        "INSPECT_ETL=null",
      ]) as string[],
    });
  });

  it("is an error with the release's own words where the project does not load", async () => {
    const { environment } = await printing("ImproperlyConfigured: SECRET\n", 1);
    await expect(databaseMigrations.run(environment)).rejects.toThrow(
      /^The release cannot be looked at .*ImproperlyConfigured: SECRET/s,
    );
  });

  it("fails the checks alone that are about what could not be told", async () => {
    const { environment } = await inspected({ migrations: new Error("OperationalError: no route to host") });
    await expect(databaseMigrations.run(environment)).rejects.toThrow("OperationalError: no route to host");
    expect(await imageImports.run(environment)).toEqual([]);
  });
});

describe("database.migrations", () => {
  it("passes where the release has nothing left to run, and names what is pending", async () => {
    expect(await databaseMigrations.run((await inspected({})).environment)).toEqual([]);
    const { environment } = await inspected({ migrations: { pending: ["flights.0007_gate", "reports.0002_index"] } });
    expect(await databaseMigrations.run(environment)).toEqual([
      { expected: "no pending migration", seen: "flights.0007_gate, reports.0002_index" },
    ]);
  });
});

describe("app.hosts", () => {
  const answered = (host: string, status: number) => ({ task: "10.0.0.7", host, path: "/", status, technical: false });
  const settings = { debug: false, anyHost: false, sessionCookie: "s", csrfCookie: "c", timeZone: "UTC" };

  it("passes where each task answers for each name, and refuses the unknown one", async () => {
    const requests = [
      answered("shop.test", 200),
      answered("www.shop.test", 404),
      answered("unknown-host.invalid", 400),
    ];
    expect(await appHosts.run((await inspected({ requests })).environment)).toEqual([]);
  });

  it("names what settings, or a task that runs, refuse, and a task that is silent", async () => {
    const { environment } = await inspected({
      settings: { ...settings, refusedHosts: ["www.shop.test"] },
      requests: [answered("www.shop.test", 400), { ...answered("shop.test", 0), error: "timed out" }],
    });
    expect(await appHosts.run(environment)).toEqual([
      { expected: "www.shop.test in ALLOWED_HOSTS", seen: "it is not" },
      { expected: "task 10.0.0.7 that answers for www.shop.test", seen: "400" },
      { expected: "task 10.0.0.7 that answers for shop.test", seen: "timed out" },
    ]);
  });

  it("warns where any name is allowed", async () => {
    const { environment } = await inspected({ settings: { ...settings, refusedHosts: [], anyHost: true } });
    expect(await appHosts.run(environment)).toMatchObject([{ seen: "*", warning: true }]);
  });
});

describe("app.logging", () => {
  const run = async (logging: { configured: boolean; loggers: string[] }, ...files: string[]) =>
    await appLogging.run((await inspected({ logging: { ...logging, files } })).environment);

  it("passes where all errors are written", async () => {
    expect(await run({ configured: true, loggers: [] })).toEqual([]);
  });

  it("fails where the project's own configuration writes none, and warns where there is none", async () => {
    expect(await run({ configured: true, loggers: ["root"] })).toEqual([
      { expected: "a handler that writes errors of the logger root", seen: "none takes them" },
    ]);
    expect(await run({ configured: false, loggers: ["django.request"] })).toMatchObject([{ warning: true }]);
    expect(await run({ configured: true, loggers: ["root"] }, "/tmp/shop.log")).toMatchObject([
      { seen: expect.stringContaining("only /tmp/shop.log in the container") as string },
    ]);
  });

  it("fails where a handler's file cannot be opened, and warns where the handler gets over it", async () => {
    const log = { handler: "audit", loggers: ["shop"], file: "/app/shop.log", error: "Read-only file system" };
    const unwritable = [
      { ...log, raises: true },
      { ...log, loggers: ["a", "b"], raises: false },
    ];
    const logging = { configured: true, loggers: [], files: [], unwritable };
    expect(await appLogging.run((await inspected({ logging })).environment)).toEqual([
      {
        expected: "a file that handler audit of the logger shop can write to in a task",
        seen: "/app/shop.log: Read-only file system, at the first record, and what logs it fails",
      },
      {
        expected: "a file that handler audit of the loggers a, b can write to in a task",
        seen: "/app/shop.log: Read-only file system, at each record, which is lost",
        warning: true,
      },
    ]);
  });
});

describe("app.deploy-check", () => {
  const message = (id: string, level = 30) => ({ id, level, text: `${id} is\nwrong.`, hint: "" });

  it("passes where Django says nothing, or nothing about security", async () => {
    expect(await appDeployCheck.run((await inspected({})).environment)).toEqual([]);
    const { environment } = await inspected({ deploy: [message("models.W042"), message("security.W004", 20)] });
    expect(await appDeployCheck.run(environment)).toEqual([]);
  });

  it.each(["security.W018", "security.W009", "security.W012", "security.W016", "security.W020"])(
    "fails with %s, quoting it",
    async (id) => {
      const { environment } = await inspected({ deploy: [message(id)] });
      expect(await appDeployCheck.run(environment)).toEqual([
        { expected: `no message ${id} of check --deploy`, seen: `${id} is wrong.` },
      ]);
    },
  );

  it("fails with an error of any application", async () => {
    const { environment } = await inspected({ deploy: [message("shop.E001", 40)] });
    expect(await appDeployCheck.run(environment)).toMatchObject([{ seen: "shop.E001 is wrong." }]);
  });

  it("warns of hardening, and of what is silenced by setting", async () => {
    const { environment } = await inspected({ deploy: [message("security.W004"), message("security.W009")] });
    const silenced = { ...environment, checks: { ...environment.checks, silenced: ["security.W009"] } };
    const findings = await appDeployCheck.run(silenced);
    expect(findings.map(({ warning }) => warning)).toEqual([true, true]);
  });
});

describe("image.imports", () => {
  it("names each module that cannot be imported, with Python's words", async () => {
    const failed = [{ where: "shop.reports, line 12", error: "ImportError: libcairo.so.2: cannot open shared object" }];
    const { environment } = await inspected({ imports: { modules: 4, late: 1, left: 0, failed } });
    expect(await imageImports.run(environment)).toEqual([
      { expected: "shop.reports, line 12: an import that works", seen: failed[0]?.error },
    ]);
  });

  it("warns where time was up", async () => {
    const { environment } = await inspected({ imports: { modules: 4, late: 1, left: 3, failed: [] } });
    expect(await imageImports.run(environment)).toEqual([
      { expected: "time for 7 modules", seen: "3 were left out", warning: true },
    ]);
  });
});

describe("image.moments", () => {
  it("names each place that holds the moment of its import", async () => {
    const { environment } = await inspected({ moments: ["shop.forms.Order.day: initial"] });
    expect(await imageMoments.run(environment)).toEqual([
      {
        expected: "a moment that is asked for when it is used",
        seen: "shop.forms.Order.day: initial holds that of the import",
      },
    ]);
  });
});

describe("image.programs", () => {
  it("names each program that is not there, and warns where only a command starts it", async () => {
    const { environment } = await inspected({
      programs: [
        { where: "shop.labels, line 7", program: "gs", command: false },
        { where: "shop.management.commands.dump, line 9", program: "pg_dump", command: true },
      ],
    });
    const seen = "there is none on PATH";
    expect(await imagePrograms.run(environment)).toEqual([
      { expected: "gs in the image, which shop.labels, line 7 starts", seen },
      { expected: "pg_dump in the image, which shop.management.commands.dump, line 9 starts", seen, warning: true },
    ]);
  });
});

describe("image.requirements", () => {
  it("names each requirement that is not met", async () => {
    const problems = ["pillow 11 requires defusedxml, which is not installed"];
    const { environment } = await inspected({ requirements: { packages: 2, problems } });
    expect(await imageRequirements.run(environment)).toEqual([
      { expected: "packages that are complete and have what they require", seen: problems[0] },
    ]);
    expect(await imageRequirements.run((await inspected({})).environment)).toEqual([]);
  });
});

describe("etl.last-run", () => {
  const TASKS = {
    "GET /tasks": {
      status: 200,
      body: [
        {
          ID: "t1",
          CreatedAt: "2026-03-01T12:00:00Z",
          Status: { State: "running" },
          Spec: { ContainerSpec: { Image: "shop/application:2" } },
        },
      ],
    },
  };
  const rows = { read: 10, loaded: 4, updated: 0, unchanged: 6, rejected: 0 };
  const good = { status: "succeeded", finished_at: "2026-03-01T12:05:00Z", rows, error: "" };

  async function run(etl: unknown) {
    const { environment } = await inspected({ etl }, {}, TASKS);
    return await etlLastRun.run({ ...environment, checks: { ...environment.checks, etl: ["status"], etlRowFloor: 5 } });
  }

  it.each<[what: string, etl: unknown]>([
    ["a run that took in rows", { last_run: good }],
    ["rows that were there already", { last_run: { ...good, rows: { loaded: 0, unchanged: 5 } } }],
    ["a count alone", { last_run: { ...good, rows: 5 } }],
    ["a run under way", { last_run: { ...good, status: "running", finished_at: null, rows: 0 } }],
    [
      "every feed well, although the last run of all was told too",
      { last_run: good, feeds: [{ feed: "a", last_run: good }] },
    ],
    ["no count told", { last_run: { status: "ok" } }],
  ])("passes with %s", async (_, etl) => {
    expect(await run(etl)).toEqual([]);
  });

  it.each<[what: string, etl: unknown, expected: string, seen: string]>([
    [
      "success without rows",
      { last_run: { ...good, rows: { read: 9, loaded: 0, updated: 0, unchanged: 0, rejected: 9 } } },
      "the ETL's last run with 5 rows or more",
      "0, succeeded",
    ],
    [
      "a feed that fails beside one that does not",
      {
        last_run: good,
        feeds: [
          { feed: "a", last_run: good },
          { feed: "b", last_run: { ...good, status: "failed", error: "no column x" } },
        ],
      },
      "the last run of b with success",
      "failed: no column x",
    ],
  ])("fails with %s", async (_, etl, expected, seen) => {
    expect(await run(etl)).toEqual([{ expected, seen }]);
  });

  it("warns only of a run before this release's worker started, and of none at all", async () => {
    const earlier = { ...good, status: "failed", finished_at: "2026-03-01T11:00:00Z" };
    expect(await run({ last_run: earlier })).toMatchObject([{ seen: "failed", warning: true }]);
    expect(await run({ last_run: null, feeds: [] })).toMatchObject([{ seen: "none yet", warning: true }]);
  });

  it("says what the command printed where that is no status", async () => {
    await expect(run([1, 2])).rejects.toThrow("checks.etl must print a JSON object; it printed [1,2]");
  });

  it("does not apply without a command or a worker", async () => {
    const { environment } = await inspected({});
    expect(etlLastRun.notApplicable?.(environment)).toBe("checks.etl is none");
    const checks = { ...environment.checks, etl: ["status"] };
    expect(etlLastRun.notApplicable?.({ ...environment, checks })).toBeUndefined();
    expect(etlLastRun.notApplicable?.({ ...environment, checks, services: [] })).toBe("etl.command is none");
  });
});
