import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unusedFiles } from "../../../engine/leftovers.ts";
import { assetsOf } from "../../../rehearsal/checks/references.ts";
import { Checkout, type Ended } from "./checkout.ts";
import { startLoad } from "./load.ts";
import { docker, environmentObjects, RunningEnvironment } from "./running-environment.ts";

const STACK = "it-releases";
const NAME = "reference-it-releases";
const STYLE = "reference/flights/static/flights/site.css";
const WSGI = "reference/airways/wsgi.py";
const MIGRATION = "reference/flights/migrations/0099_release.py";

const checkout = new Checkout();
let environment: RunningEnvironment;

/** A migration whose one operation runs a statement. */
function migration(statement: string): string {
  return [
    "from django.db import migrations",
    "",
    "class Migration(migrations.Migration):",
    '    dependencies = [("flights", "0007_validate_flight_checks")]',
    `    operations = [migrations.RunSQL(${JSON.stringify(statement)}, migrations.RunSQL.noop)]`,
    "",
  ].join("\n");
}

async function imageOf(service: string): Promise<string> {
  return (await environment.container(service)).Config.Image;
}

/** Deploys while a page is asked for all the time; nobody may notice. */
async function upWhileServing(): Promise<Ended> {
  const watch = environment.watch("/airports/SEA/");
  const ended = await checkout.up(STACK);
  const { asked, bad } = await watch.stop();
  expect(asked).toBeGreaterThan(20);
  expect(bad).toEqual([]);
  return ended;
}

beforeAll(async () => {
  await checkout.succeed("stack", "init", STACK);
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);
  environment = await RunningEnvironment.of(checkout, STACK, NAME);
});

afterAll(async () => {
  await checkout.remove(STACK);
});

describe("a release that follows another", () => {
  it("loses no request under load, and static files of both releases are served all the while", async () => {
    const oldAssets = assetsOf((await environment.get("/")).body);
    const gateway = (await environment.container("gateway")).Id;
    checkout.edit(STYLE, (css) => `${css}\n.second-release { color: teal; }\n`);
    const load = startLoad({
      url: `https://127.0.0.1:${environment.port}/airports/SEA/`,
      headers: { host: `${environment.hostname}:${environment.port}` },
      servername: environment.hostname,
      tlsOptions: { ca: environment.authority },
      connections: 4,
      overallRate: 150,
      duration: 600,
      timeout: 20,
    });
    const statics = environment.watch(oldAssets[0] ?? "");
    const pages = environment.watch("/");
    const { exitCode, output } = await checkout.up(STACK);
    expect(exitCode, output).toBe(0);
    const newAssets = assetsOf((await environment.get("/")).body);
    const result = await load.stop();
    expect(result.requests.total).toBeGreaterThan(500);
    expect({ errors: result.errors, timeouts: result.timeouts, non2xx: result.non2xx }).toEqual({
      errors: 0,
      timeouts: 0,
      non2xx: 0,
    });
    expect((await statics.stop()).bad).toEqual([]);
    expect((await pages.stop()).bad).toEqual([]);
    expect(newAssets).not.toEqual(oldAssets);
    for (const asset of [...oldAssets, ...newAssets])
      expect.soft((await environment.get(asset)).status, asset).toBe(200);
    expect((await environment.container("gateway")).Id, "the gateway is not replaced by a release").toBe(gateway);
  });
});

describe("a release whose migration fails", () => {
  it("lists it in the preview, stops with Django's own error while the old release serves, and goes on when it is mended", async () => {
    const before = { app: await imageOf("app"), etl: await imageOf("etl"), static: await imageOf("static") };
    writeFileSync(
      checkout.path(MIGRATION),
      migration("ALTER TABLE flights_airport ADD COLUMN iata_again text NOT NULL"),
    );

    const preview = await checkout.succeed("preview", "--stack", STACK);
    expect(preview).toMatch(/migrate \| 1 migration would run on a database with \d+ applied/);
    expect(preview).toContain("flights.0099_release");

    // An empty table takes the column: rows make the difference, as in production.
    const failed = await upWhileServing();
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toMatch(/column "iata_again" of relation "flights_airport" contains null values/);
    expect({ app: await imageOf("app"), etl: await imageOf("etl"), static: await imageOf("static") }).toEqual(before);

    const again = await checkout.up(STACK);
    expect(again.exitCode, "the next up migrates again").not.toBe(0);
    expect(again.output).toContain("contains null values");

    writeFileSync(checkout.path(MIGRATION), migration("ALTER TABLE flights_airport ADD COLUMN iata_again text"));
    const mended = await upWhileServing();
    expect(mended.exitCode, mended.output).toBe(0);
    expect(await imageOf("app")).not.toBe(before.app);
  });
});

describe("a release that does not start", () => {
  it("is rolled back with its own words shown, tried again by a plain up, and replaced by the mended one", async () => {
    const before = await imageOf("app");
    checkout.edit(WSGI, (text) => `${text}\nraise RuntimeError("this release cannot start")\n`);

    const failed = await upWhileServing();
    expect(failed.exitCode).not.toBe(0);
    expect(failed.output).toContain("this release cannot start");
    expect(failed.output).toContain(`service ${NAME}-app did not converge`);
    expect(failed.output).toMatch(/What is wrong with the release.s image:\s+image\.imports failed/);
    expect(await imageOf("app")).toBe(before);

    const again = await upWhileServing();
    expect(again.exitCode, "a plain up tries again").not.toBe(0);
    expect(again.output).toContain("this release cannot start");
    expect(await imageOf("app")).toBe(before);

    checkout.edit(WSGI, (text) => text.replace("\nraise RuntimeError", "\nMENDED = RuntimeError"));
    const mended = await upWhileServing();
    expect(mended.exitCode, mended.output).toBe(0);
    expect(await imageOf("app")).not.toBe(before);
  });
});

describe("an up that is killed", () => {
  it("converges when the same command runs again, after the lock it left is cancelled", async () => {
    checkout.edit(STYLE, (css) => `${css}\n.third-release { color: navy; }\n`);
    const watch = environment.watch("/");
    for (const moment of ["reference-it-releases-release-static", "reference-it-releases-app-service"]) {
      const running = checkout.start("up", "--yes", "--skip-preview", "--stack", STACK);
      while (!running.output().includes(moment)) await new Promise((resolve) => setTimeout(resolve, 50));
      process.kill(-(running.child.pid ?? 0), "SIGKILL");
      await running.ended;
      const locked = await checkout.up(STACK);
      expect(locked.exitCode).not.toBe(0);
      expect(locked.output).toContain("pulumi cancel");
      await checkout.succeed("cancel", "--yes", "--stack", STACK);
    }
    const { exitCode, output } = await checkout.up(STACK);
    expect(exitCode, output).toBe(0);
    expect((await watch.stop()).bad).toEqual([]);
    const { output: unchanged } = await checkout.up(STACK);
    expect(unchanged).toMatch(/Resources:\s+\d+ unchanged/);
  });

  it("converges from nothing too, whatever was made already", async () => {
    const stack = "it-killed";
    await checkout.succeed("stack", "init", stack);
    try {
      for (const moment of [
        "reference-it-killed-database-server creating",
        "Role reference-it-killed",
        "-gateway-service created",
      ]) {
        const running = checkout.start("up", "--yes", "--skip-preview", "--stack", stack);
        while (running.child.exitCode === null && !running.output().includes(moment)) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        if (running.child.exitCode === null) process.kill(-(running.child.pid ?? 0), "SIGKILL");
        await running.ended;
        await checkout.pulumi("cancel", "--yes", "--stack", stack);
      }
      const { exitCode, output } = await checkout.up(stack);
      expect(exitCode, output).toBe(0);
      expect(await unusedFiles(docker, "reference-it-killed")).toEqual([]);
    } finally {
      await checkout.succeed("destroy", "--yes", "--skip-preview", "--stack", stack);
      expect(await environmentObjects("reference-it-killed")).toEqual([]);
    }
  });
});

describe("an environment that is destroyed", () => {
  it("leaves nothing on the engine", async () => {
    expect((await environment.objects()).length).toBeGreaterThan(10);
    await checkout.succeed("destroy", "--yes", "--skip-preview", "--stack", STACK);
    expect(await environment.objects()).toEqual([]);
  });
});
