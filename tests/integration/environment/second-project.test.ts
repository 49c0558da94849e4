import { cpSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assetsOf } from "../../../rehearsal/checks/references.ts";
import { Checkout } from "./checkout.ts";
import { environmentObjects, RunningEnvironment, removeImages } from "./running-environment.ts";

const STACK = "it-second";
const PROJECT = "it-guestbook";
const NAME = `${PROJECT}-${STACK}`;
const SOURCE = path.resolve(import.meta.dirname, "../../projects/minimal");

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
    },
    etl: { command: "none" },
    checks: { api: "none", etl: "none" },
    database: { extensions: [] },
  });
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);
  environment = await RunningEnvironment.of(checkout, STACK, NAME);
});

afterAll(async () => {
  await checkout.remove(STACK);
  await removeImages(PROJECT);
  expect(await environmentObjects(NAME)).toEqual([]);
});

describe("a project of another layout, with its own Dockerfile, without ETL worker and API", () => {
  it("passes the checks that apply, and says why the others do not", async () => {
    const checks = await checkout.output<string[]>(STACK, "checks");
    const [applicable, others] = [
      checks.filter((line) => !line.includes(" not applicable: ")),
      checks.filter((line) => line.includes(" not applicable: ")),
    ];
    expect(applicable.map((line) => line.split(":")[0])).toEqual([
      "gateway.tls passed",
      "gateway.proxy passed",
      "gateway.sizes passed",
      "web.page passed",
      "web.static passed",
      "web.links passed",
      "web.cookies passed",
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
    expect(others).toEqual([
      "api.answers not applicable: checks.api is none",
      "api.links not applicable: checks.api is none",
      "etl.alive not applicable: etl.command is none",
      "etl.last-run not applicable: checks.etl is none",
    ]);
  });

  it("runs no ETL worker", async () => {
    const names = (await environment.containers()).map(({ Name }) => Name.slice(1).replace(/\..*/, ""));
    expect([...new Set(names)].sort()).toEqual(
      ["app", "database", "gateway", "static"].map((service) => `${NAME}-${service}`),
    );
  });

  it("serves its pages by its own server, and its static files", async () => {
    const { Config } = await environment.container("app");
    expect(Config.Image).toMatch(/^it-guestbook\/application:/);
    const { status, body } = await environment.get("/");
    expect(status).toBe(200);
    expect(body).toContain("<h1>Guestbook</h1>");
    const sheets = assetsOf(body).filter((asset) => asset.endsWith(".css"));
    expect(sheets).toEqual([expect.stringMatching(/^\/static\/guestbook\/guestbook\.[0-9a-f]{12}\.css$/)]);
    const sheet = await environment.get(sheets[0] ?? "");
    expect(sheet.status).toBe(200);
    expect(sheet.body).toContain("{");
  });

  it("changes nothing the second time", async () => {
    const { exitCode, output } = await checkout.up(STACK);
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/Resources:\s+\d+ unchanged/);
  });
});
