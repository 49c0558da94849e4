import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listSnapshots } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { startLoad } from "./load.ts";
import { kill, MigratingEnvironment, until } from "./migrating-environment.ts";
import { docker, environmentObjects, eventually, removeImages } from "./running-environment.ts";

const STACK = "it-rehearsed";
const PROJECT = "it-migrating";
const MODELS = "reference/flights/models.py";

const environment = new MigratingEnvironment(PROJECT, STACK);
const { checkout } = environment;
const models = checkout.read(MODELS);

beforeAll(async () => {
  await checkout.succeed("stack", "init", STACK);
  checkout.configure(STACK, {
    app: { name: PROJECT, replicas: 1 },
    etl: { environment: { ETL_INTERVAL_SECONDS: "300", INTAKE_RESUME_SECONDS: "3" } },
    database: { memoryMiB: 512 },
  });
  await environment.deploy();
});

afterAll(async () => {
  await checkout.remove(STACK);
  for (const { image } of await listSnapshots(docker, PROJECT)) await docker.getImage(image).remove();
  await removeImages(PROJECT);
  expect([...(await environmentObjects(environment.name)), ...(await environment.clones())]).toEqual([]);
});

describe("a snapshot of a deployed stack", () => {
  it("is asked for where there is none, and reached by an address that is secret", async () => {
    const { exitCode, output } = await environment.rehearse();
    expect(output).toContain(
      "Not rehearsed: there is no snapshot of production-like data on the engine. Make one with",
    );
    expect(exitCode).toBe(3);
    const outputs = JSON.parse(await checkout.succeed("stack", "output", "--json", "--stack", STACK)) as object;
    expect(outputs).toMatchObject({ reportDatabaseUrl: "[secret]" });
  });

  it("is taken while the stack serves, and is what the stack starts from after a destroy", async () => {
    await environment.weather("Nowhere", 20);
    const taken = await checkout.rehearse("snapshot", "create", "--from", STACK);
    expect(taken.exitCode, taken.output).toBe(0);
    expect(taken.output).toContain("restore drill passed");
    const [snapshot] = await listSnapshots(docker, PROJECT);
    expect(snapshot?.source).toBe(STACK);
    expect(snapshot?.migrations).toContain("flights.0007_validate_flight_checks");

    await checkout.succeed("destroy", "--yes", "--skip-preview", "--stack", STACK);
    checkout.configure(STACK, { database: { snapshot: "newest" } });
    await environment.deploy();
    const found = await environment.sql("SELECT date FROM flights_weatherday WHERE location = 'Nowhere'");
    expect(found).toEqual(["2020-02-02"]);
  });
});

describe("a release whose migration would abort", () => {
  it("fails the preview with finding, cause, remedy and page; up migrates nothing, and nobody notices", async () => {
    checkout.edit(MODELS, (text) => text.replace("FloatField(null=True, blank=True,", "FloatField("));
    environment.addMigration("0008_wind_required", "0007_validate_flight_checks", [
      'migrations.AlterField("weatherday", "wind", models.FloatField(help_text="Wind speed as the source gives it."))',
    ]);
    const before = { migrations: await environment.migrations(), tasks: await environment.tasks() };

    const preview = await checkout.pulumi("preview", "--stack", STACK);
    expect(preview.exitCode).not.toBe(0);
    expect(preview.output).toContain("migrate |   flights.0008_wind_required");
    expect(preview.output).toMatch(/rehearse \| Rehearsal for \S+: FAILED; 1 migration, 1 blocking finding/);
    const [, errors = ""] = /^Diagnostics:\n(.*)^Resources:/ms.exec(preview.output) ?? [];
    expect(errors.match(/BLOCKING/g), "it is told once").toHaveLength(1);
    expect(errors).toMatch(/BLOCKING flights\.0008_wind_required: .*\[migration\.aborts\.nulls\]/);
    expect(errors).toMatch(/ cause .+\n[\s\S]* then .+\n[\s\S]* remedy .+\n/);
    const page = /page: (reports\/migration-\S+\.html)/.exec(errors)?.[1] ?? "none";
    expect(existsSync(checkout.path(page)), page).toBe(true);

    const { port, hostname, authority } = environment.running;
    const load = startLoad({
      url: `https://127.0.0.1:${port}/airports/SEA/`,
      headers: { host: `${hostname}:${port}` },
      servername: hostname,
      tlsOptions: { ca: authority },
      connections: 2,
      overallRate: 40,
      duration: 600,
      timeout: 20,
    });
    const refused = await checkout.up(STACK);
    const { errors: failed, non2xx, requests } = await load.stop();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.output).toContain("nothing was migrated, and the release before goes on serving");
    expect(refused.output).toContain("migration.aborts.nulls");
    expect({ failed, non2xx }).toEqual({ failed: 0, non2xx: 0 });
    expect(requests.total).toBeGreaterThan(100);
    expect({ migrations: await environment.migrations(), tasks: await environment.tasks() }).toEqual(before);
    expect(await environment.workerLog()).not.toContain("a migrator waits");
    expect(await checkout.succeed("stack", "export", "--stack", STACK)).not.toContain("pending_operations");
    expect(await environment.clones()).toEqual([]);
  });
});

describe("a release whose migration is clean", () => {
  it("is rehearsed in preview and up, migrates while the worker rests, and leaves no clone", async () => {
    const note = "models.CharField(max_length=40, null=True, blank=True)";
    checkout.edit(MODELS, () => models.replace(/^( +)wind = models/m, `$1note = ${note}\n$&`));
    environment.addMigration("0008_wind_required", "0007_validate_flight_checks", []);
    environment.addMigration("0009_weather_note", "0008_wind_required", [
      `migrations.AddField("weatherday", "note", ${note})`,
    ]);
    const watch = environment.running.watch("/");
    const output = await checkout.succeed("up", "--yes", "--stack", STACK);
    expect((await watch.stop()).bad).toEqual([]);
    expect(output).toContain("migrate | 2 migrations would run");
    const [previewed, updated] = [output.indexOf("fast form"), output.indexOf("full form")];
    expect(output.match(/PASSED; 2 migrations/g)?.length).toBeGreaterThan(1);
    expect(previewed).toBeGreaterThan(0);
    expect(updated).toBeGreaterThan(previewed);
    expect(output.indexOf("Applying flights.0009_weather_note")).toBeGreaterThan(updated);
    expect(await environment.workerLog()).toContain("a migrator waits: the command is told to stop");
    expect((await environment.migrations()).at(-1)).toBe("0009_weather_note");
    expect(await environment.clones()).toEqual([]);
    const after = await environment.rehearse();
    expect(after.output).toContain("PASSED; no migrations pending");
    expect(after.exitCode, after.output).toBe(0);
  });
});

describe("a release whose migration meets in the real database what no snapshot had", () => {
  it("is rehearsed again in full after interruptions, whose clones go at once or with the next one, and then no more", async () => {
    environment.addMigration("0010_slow", "0009_weather_note", [
      'migrations.RunSQL("CREATE TABLE flights_slow (n integer)", "DROP TABLE flights_slow")',
      `migrations.RunSQL("SELECT pg_sleep(8) FROM flights_weatherday WHERE location = 'Slowly'", migrations.RunSQL.noop)`,
      'migrations.RunSQL("ALTER TABLE flights_weatherday ADD CONSTRAINT weather_is_earthly CHECK (temperature_max < 200)", ' +
        '"ALTER TABLE flights_weatherday DROP CONSTRAINT weather_is_earthly")',
    ]);
    const update = checkout.start("up", "--yes", "--skip-preview", "--stack", STACK);
    await until(update, "✓ clone of the snapshot");
    await kill(update);
    const left = await environment.clones();
    expect(left.length).toBeGreaterThan(1);
    await checkout.succeed("cancel", "--yes", "--stack", STACK);

    const interrupted = checkout.startRehearse("migration", "--stack", STACK);
    await until(interrupted, "✓ plan of the migrations");
    expect((await environment.clones()).filter((name) => left.includes(name))).toEqual([]);
    process.kill(interrupted.child.pid ?? 0, "SIGINT");
    expect(await interrupted.ended).toMatchObject({ exitCode: 130 });
    expect(await environment.clones()).toEqual([]);

    const killed = checkout.startRehearse("migration", "--stack", STACK);
    await until(killed, "✓ clone of the snapshot");
    await kill(killed);
    expect((await environment.clones()).length).toBeGreaterThan(1);

    const rehearsed = await environment.rehearse();
    expect(rehearsed.exitCode, rehearsed.output).toBe(0);
    expect(rehearsed.output).toMatch(/✓ the way back/);
    expect(await environment.clones()).toEqual([]);
    const again = await environment.rehearse();
    expect(again.output).toContain("rehearsed already, 20");
    expect(again.output).not.toContain("✓ clone of the snapshot:");
    expect(again.exitCode).toBe(0);
  });

  it("fails with Django's own error, and worker and application go on with the old release", async () => {
    await environment.weather("Hell", 500);
    const before = { migrations: await environment.migrations(), tasks: await environment.tasks() };
    const workerGoesOn = await environment.workerSaysAgain("nothing was migrated: the command starts again");
    const watch = environment.running.watch("/");
    const { exitCode, output } = await checkout.up(STACK);
    expect(exitCode).not.toBe(0);
    expect(output).toContain("rehearse |   rehearsed already, 20");
    expect(output).toMatch(/check constraint "weather_is_earthly" .* is violated by some row/);
    expect({ migrations: await environment.migrations(), tasks: await environment.tasks() }).toEqual(before);
    await workerGoesOn();
    expect((await watch.stop()).bad).toEqual([]);
  });

  it("leaves both serving on one release where up is killed while it runs, and the next up converges", async () => {
    await environment.sql("DELETE FROM flights_weatherday WHERE location = 'Hell'");
    await environment.weather("Slowly", 20);
    const before = await environment.tasks();
    const workerGoesOn = await environment.workerSaysAgain("no new release took this one's place in 3 s: the command");
    const watch = environment.running.watch("/");
    const update = checkout.start("up", "--yes", "--skip-preview", "--stack", STACK);
    const sleeping = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";
    await eventually("the migration", async () => (await environment.sql(sleeping)).length === 1, 60);
    await kill(update);
    expect(await environment.tasks()).toEqual(before);
    await workerGoesOn();
    expect((await environment.migrations()).at(-1)).toBe("0010_slow");
    expect(await environment.tasks()).toEqual(before);

    await checkout.succeed("cancel", "--yes", "--stack", STACK);
    await environment.deploy();
    expect((await watch.stop()).bad).toEqual([]);
    const after = await environment.tasks();
    expect(after["app"]?.[1]).not.toBe(before["app"]?.[1]);
    expect(after["etl"]?.[1]).toBe(after["app"]?.[1]);
    expect(await checkout.succeed("up", "--yes", "--skip-preview", "--stack", STACK)).toMatch(
      /Resources:\s+\d+ unchanged/,
    );
  });
});
