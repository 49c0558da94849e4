import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildMinimal, buildOver } from "./builds.ts";
import { startDatabase, type TestDatabase } from "./database.ts";
import { Bench, execute, type Finished, finish, until } from "./support.ts";

const FAILING = "images-test-minimal-failing";
const SLOW = "images-test-minimal-slow";
const CONFLICTING = "images-test-minimal-conflicting";
const MIGRATIONS = "/home/guestbook/source/guestbook/migrations";
const ENVIRONMENT = { DJANGO_ALLOWED_HOSTS: "guestbook.example", DJANGO_DEBUG: "0" };

const bench = new Bench();
let image: string;
let database: TestDatabase;

beforeAll(async () => {
  image = await buildMinimal();
  const operation = (name: string, body: string): Record<string, string> => ({
    [`${name}.py`]: [
      "from django.db import migrations",
      "class Migration(migrations.Migration):",
      '    dependencies = [("guestbook", "0001_entry")]',
      `    operations = [migrations.RunSQL(${JSON.stringify(body)})]`,
    ].join("\n"),
  });
  const failing = operation("0002_failing", "ALTER TABLE guestbook_entry ADD CONSTRAINT named CHECK (name <> 'Ada')");
  const slow = operation("0002_slow", "SELECT pg_sleep(8)");
  await buildOver(FAILING, image, failing, `COPY 0002_failing.py ${MIGRATIONS}/`);
  await buildOver(SLOW, image, slow, `COPY 0002_slow.py ${MIGRATIONS}/`);
  await buildOver(CONFLICTING, image, { ...failing, ...slow }, `COPY *.py ${MIGRATIONS}/`);
  database = await startDatabase(bench);
}, 900_000);

afterAll(() => bench.remove());

interface Run {
  readonly image?: string;
  readonly environment?: Record<string, string>;
  readonly secrets?: Record<string, string>;
}

function run(command: string, name: string, options: Run = {}): Promise<Finished> {
  return bench.run({
    image: options.image ?? image,
    command: ["/opt/rehearsal/run", command],
    environment: { ...ENVIRONMENT, ...options.environment },
    secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url(name), ...options.secrets },
  });
}

function startMigration(name: string, options: Run = {}): Promise<Docker.Container> {
  return bench.start({
    image: options.image ?? image,
    command: ["/opt/rehearsal/run", "migrate"],
    environment: { ...ENVIRONMENT, ...options.environment },
    secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url(name) },
  });
}

interface Plan {
  database: string;
  applied: number;
  pending: { app: string; name: string; operations: string[] }[];
  conflicts: string[];
}

function parsePlan(finished: Finished): Plan {
  expect(finished.stderr).toBe("");
  expect(finished.exitCode).toBe(0);
  return JSON.parse(finished.stdout) as Plan;
}

/** How many sessions of migrations the server still has. */
async function sessions(name: string): Promise<number> {
  return Number(
    await database.sql(
      "postgres",
      `SELECT count(*) FROM pg_stat_activity WHERE datname = '${name}' AND usename = 'owner'`,
    ),
  );
}

/** Waits until the slow migration runs. */
async function untilSlow(name: string): Promise<void> {
  const running = `SELECT count(*) FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE 'SELECT pg_sleep(8)%'`;
  await until("the slow migration", async () => ((await database.sql("postgres", running)) === "1" ? true : undefined));
}

describe("run plan", { timeout: 120_000 }, () => {
  it("lists what would run, in order and with its operations, before and after a migration", async () => {
    await database.create("planned");
    const before = parsePlan(await run("plan", "planned"));
    expect(before).toMatchObject({ database: "reachable", applied: 0, conflicts: [] });
    const names = before.pending.map(({ app, name }) => `${app}.${name}`);
    expect(names).toContain("guestbook.0001_entry");
    expect(names.indexOf("contenttypes.0001_initial")).toBeLessThan(names.indexOf("auth.0001_initial"));
    expect(before.pending.find(({ app }) => app === "guestbook")?.operations).toEqual(["Create model Entry"]);

    expect((await run("migrate", "planned")).exitCode).toBe(0);
    expect(parsePlan(await run("plan", "planned"))).toMatchObject({ applied: names.length, pending: [] });
    const next = parsePlan(await run("plan", "planned", { image: SLOW }));
    expect(next.pending.map(({ name }) => name)).toEqual(["0002_slow"]);
  });

  it("plans everything where there is no database yet", async () => {
    const plan = parsePlan(await run("plan", "absent"));
    expect(plan.database).toBe("absent");
    expect(plan.applied).toBe(0);
    expect(plan.pending.map(({ app, name }) => `${app}.${name}`)).toContain("guestbook.0001_entry");
  });

  it("plans everything before the environment has secrets", async () => {
    const plan = parsePlan(await bench.run({ image, command: ["/opt/rehearsal/run", "plan"] }));
    expect(plan.database).toBe("absent");
    expect(plan.pending).not.toEqual([]);
  });

  it("names migrations that conflict", async () => {
    const plan = parsePlan(await run("plan", "absent", { image: CONFLICTING }));
    expect(plan.conflicts).toEqual(["guestbook (0002_failing, 0002_slow)"]);
  });
});

describe("run migrate", { timeout: 120_000 }, () => {
  it("applies migrations with Django's own words, and makes the admin user with the given password", async () => {
    await database.create("migrated");
    const admin = { environment: { ADMIN_USERNAME: "ada" }, secrets: { ADMIN_PASSWORD: "first" } };
    const first = await run("migrate", "migrated", admin);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.stdout).toContain("Applying guestbook.0001_entry... OK");
    expect(first.stderr).toContain("made the admin user ada");
    const stored = (): Promise<string> =>
      database.sql("migrated", "SELECT password, is_superuser, is_staff, email FROM auth_user");
    const password = await stored();
    expect(password).toMatch(/^pbkdf2_sha256.*\|t\|t\|ada@localhost$/);

    const second = await run("migrate", "migrated", admin);
    expect(second.stdout).toContain("No migrations to apply.");
    expect(await stored()).toBe(password);

    const third = await run("migrate", "migrated", { ...admin, secrets: { ADMIN_PASSWORD: "second" } });
    expect(third.stderr).toContain("set password of the admin user ada");
    expect(await stored()).not.toBe(password);
  });

  it("takes secrets from standard input", async () => {
    await database.create("from_stdin");
    const finished = await bench.run({
      image,
      command: ["/opt/rehearsal/run", "migrate", "--secrets-from-stdin"],
      environment: ENVIRONMENT,
      input: JSON.stringify({ DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url("from_stdin") }),
    });
    expect(finished.stderr).toBe("");
    expect(finished.stdout).toContain("Applying guestbook.0001_entry... OK");
  });

  it("says what is wrong with secrets from standard input without showing them", async () => {
    const finished = await bench.run({
      image,
      command: ["/opt/rehearsal/run", "migrate", "--secrets-from-stdin"],
      input: '{"DATABASE_URL": "postgres://owner:hunter2@',
    });
    expect(finished.exitCode).toBe(1);
    expect(finished.stderr).toContain("found text that is not JSON");
    expect(finished.stderr).not.toContain("hunter2");
  });

  it("ends with Django's own error when a migration fails, and leaves the schema as it was", async () => {
    await database.create("failing");
    expect((await run("migrate", "failing")).exitCode).toBe(0);
    await database.sql("failing", "INSERT INTO guestbook_entry (name, message, written) VALUES ('Ada', '', now())");
    const failed = await run("migrate", "failing", { image: FAILING });
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toContain("Applying guestbook.0002_failing...");
    expect(failed.stderr).toContain(
      'django.db.utils.IntegrityError: check constraint "named" of relation "guestbook_entry" is violated by some row',
    );
    expect(await database.sql("failing", "SELECT count(*) FROM django_migrations WHERE name = '0002_failing'")).toBe(
      "0",
    );
  });

  it("refuses conflicting migrations with Django's own error", async () => {
    await database.create("conflicting");
    const refused = await run("migrate", "conflicting", { image: CONFLICTING });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("CommandError: Conflicting migrations detected; multiple leaf nodes");
  });

  it("waits for another migrator, says so, and then goes on", async () => {
    await database.create("locked");
    const first = await startMigration("locked", { image: SLOW });
    await untilSlow("locked");
    const second = await run("migrate", "locked", { image: SLOW });
    expect(second.exitCode).toBe(0);
    expect(second.stderr).toMatch(/waiting for another migrator to end \(server process \d+ from [\d.]+/);
    expect(second.stdout).toContain("No migrations to apply.");
    const ended = await finish(first);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toMatch(/guestbook\.0002_slow still runs after \d+ s/);
  });

  it("gives up waiting for another migrator after LOCK_WAIT_SECONDS", async () => {
    await database.create("given_up");
    await startMigration("given_up", { image: SLOW });
    await untilSlow("given_up");
    const second = await run("migrate", "given_up", { environment: { LOCK_WAIT_SECONDS: "1" } });
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain("one migrator at a time may run on a database; found another for 1 s");
  });

  it("frees the lock and ends its statement when it is killed", async () => {
    await database.create("killed");
    const first = await startMigration("killed", { image: SLOW });
    await untilSlow("killed");
    await first.kill({ signal: "SIGKILL" });
    await until(
      "the end of the killed migrator's sessions",
      async () => ((await sessions("killed")) === 0 ? true : undefined),
      5,
    );
    expect((await run("migrate", "killed")).exitCode).toBe(0);
  });

  it("does not queue behind an open transaction for longer than the lock timeout", async () => {
    await database.create("busy");
    expect((await run("migrate", "busy")).exitCode).toBe(0);
    const reader = execute(database.container, [
      "psql",
      "-X",
      "-d",
      "busy",
      "-c",
      "BEGIN; SELECT * FROM guestbook_entry; SELECT pg_sleep(60)",
    ]);
    const reading =
      "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relname = 'guestbook_entry' AND granted";
    await until("the reader's lock", async () => ((await database.sql("busy", reading)) === "1" ? true : undefined));
    const environment = { MIGRATION_LOCK_TIMEOUT: "300", MIGRATION_LOCK_RETRIES: "0" };
    const failed = await run("migrate", "busy", { image: FAILING, environment });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("canceling statement due to lock timeout");
    await database.sql(
      "postgres",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()",
    );
    await reader;
  });

  it("ends a statement after the statement timeout", async () => {
    await database.create("endless");
    const failed = await run("migrate", "endless", {
      image: SLOW,
      environment: { MIGRATION_STATEMENT_TIMEOUT: "500" },
    });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("canceling statement due to statement timeout");
  });

  it("says which role could not reach which database, and why", async () => {
    const failed = await run("migrate", "nowhere", { environment: { DATABASE_WAIT_SECONDS: "0" } });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(
      /the database nowhere must be reachable as role owner at database; .*database "nowhere" does not exist/,
    );
    expect(failed.stderr).not.toContain("Traceback");
  });

  it("says which variable the project's settings miss, after the project's own traceback", async () => {
    const failed = await bench.run({
      image,
      command: ["/opt/rehearsal/run", "migrate"],
      secrets: { DJANGO_SECRET_KEY: "secret" },
    });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("Traceback");
    const last = failed.stderr.trim().split("\n").at(-1);
    expect(last).toMatch(
      /^rehearsal: the project must load with the settings site_config.settings.deployed; found KeyError: 'DJANGO_ALLOWED_HOSTS'/,
    );
  });

  it("refuses a limit that is no number", async () => {
    const failed = await run("migrate", "nowhere", { environment: { MIGRATION_LOCK_TIMEOUT: "5s" } });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("MIGRATION_LOCK_TIMEOUT must be a number of at least 0; found '5s'");
  });
});
