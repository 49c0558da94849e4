import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildMinimal, buildOver } from "./builds.ts";
import { startDatabase, type TestDatabase } from "./database.ts";
import { Bench, execute, type Finished, finish, until, untilSaid } from "./support.ts";

const TABLE = "guestbook_entry";
const MIGRATIONS = "/home/guestbook/source/guestbook/migrations";
const ENVIRONMENT = { DJANGO_ALLOWED_HOSTS: "guestbook.example", DJANGO_DEBUG: "0", MIGRATION_LOCK_TIMEOUT: "300" };

const bench = new Bench();
let image: string;
let database: TestDatabase;

/** An image whose release has one more migration, of these operations. */
async function buildRelease(name: string, atomic: boolean, ...operations: string[]): Promise<string> {
  const tag = `images-test-retries-${name}`;
  const source = [
    "from django.db import migrations, models",
    "def in_two_transactions(apps, editor):",
    "    from django.db import transaction",
    "    for table in ('kept', 'refused'):",
    "        with transaction.atomic():",
    "            editor.execute(f'CREATE TABLE {table} (id int)')",
    "            if table == 'refused':",
    "                editor.execute('SELECT 1/0')",
    "class Migration(migrations.Migration):",
    `    atomic = ${atomic ? "True" : "False"}`,
    '    dependencies = [("guestbook", "0001_entry")]',
    `    operations = [${operations.join(", ")}]`,
  ].join("\n");
  await buildOver(tag, image, { "0002_step.py": source }, `COPY 0002_step.py ${MIGRATIONS}/`);
  return tag;
}

const sql = (statement: string): string => `migrations.RunSQL(${JSON.stringify(statement)})`;

beforeAll(async () => {
  image = await buildMinimal();
  database = await startDatabase(bench);
  await database.create("migrated");
  expect((await migrate("migrated", image)).exitCode).toBe(0);
}, 900_000);

afterAll(() => bench.remove());

async function prepare(name: string): Promise<void> {
  await database.sql("postgres", `CREATE DATABASE ${name} OWNER owner TEMPLATE migrated`);
}

function start(name: string, release: string, environment: Record<string, string> = {}) {
  return bench.start({
    image: release,
    command: ["/opt/rehearsal/run", "migrate"],
    environment: { ...ENVIRONMENT, ...environment },
    secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url(name) },
  });
}

async function migrate(name: string, release: string, environment: Record<string, string> = {}): Promise<Finished> {
  return await finish(await start(name, release, environment));
}

/** A transaction that holds what its statement took until the returned function ends it. */
async function hold(name: string, statement = `SELECT count(*) FROM ${TABLE}`): Promise<() => Promise<void>> {
  const isolated = `BEGIN ISOLATION LEVEL REPEATABLE READ; ${statement}; SELECT pg_sleep(60); COMMIT`;
  const held = execute(database.container, ["psql", "-X", "-d", name, "-c", isolated]);
  const sleeping = `FROM pg_stat_activity WHERE datname = '${name}' AND wait_event = 'PgSleep'`;
  await until("the open transaction", async () =>
    (await database.sql("postgres", `SELECT count(*) ${sleeping}`)) === "1" ? true : undefined,
  );
  return async () => {
    await database.sql("postgres", `SELECT pg_terminate_backend(pid) ${sleeping}`);
    await held;
  };
}

const recorded = (name: string): Promise<string> =>
  database.sql(name, "SELECT count(*) FROM django_migrations WHERE name = '0002_step'");

describe.concurrent("a lock that is not to be had in time", { timeout: 60_000 }, () => {
  it("is tried for again, the migration as a whole, until the transaction that holds it ends", async () => {
    const release = await buildRelease(
      "whole",
      true,
      sql("CREATE TABLE once (id int)"),
      sql(`ALTER TABLE ${TABLE} ADD COLUMN more text`),
    );
    await prepare("whole");
    const letGo = await hold("whole");
    const migrator = await start("whole", release);
    // Who holds it is seen while it is waited for: on a busy machine not each time.
    await untilSaid(migrator, "(3 of 10)");
    await letGo();
    const migrated = await finish(migrator);
    expect(migrated).toMatchObject({ exitCode: 0 });
    expect(migrated.stderr).toMatch(
      /rehearsal: guestbook\.0002_step did not get its lock \(canceling statement due to lock timeout.*\), held up by server process \d+ of role postgres \(psql\).*; trying again in \d\.\d s \([123] of 10\)/,
    );
    expect(migrated.stdout).toMatch(
      /Applying guestbook\.0002_step\.\.\.\n(.*\n)*.*Applying guestbook\.0002_step\.\.\. OK/,
    );
    expect(await recorded("whole")).toBe("1");
  });

  it("ends the migration after the given retries, and names who holds it", async () => {
    const release = await buildRelease("refused", true, sql(`ALTER TABLE ${TABLE} ADD COLUMN more text`));
    await prepare("refused");
    const letGo = await hold("refused");
    const failed = await migrate("refused", release, { MIGRATION_LOCK_RETRIES: "1" });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr.match(/trying again/g)).toHaveLength(1);
    const lines = failed.stderr.trim().split("\n");
    expect(lines.at(-2)).toBe(
      "rehearsal: guestbook.0002_step is atomic: nothing of it is in the database; mend it or the data, and run again",
    );
    expect(lines.at(-1)).toMatch(
      /^rehearsal: the migration failed: OperationalError: canceling statement due to lock timeout.*; held up by server process \d+ of role postgres \(psql\).*; end the transaction that holds the lock or wait for its end, and run this again, or raise MIGRATION_LOCK_TIMEOUT or MIGRATION_LOCK_RETRIES$/,
    );
    expect(await recorded("refused")).toBe("0");
    await letGo();
  });

  it("is tried for again by the statement alone where the migration is not atomic", async () => {
    const release = await buildRelease(
      "statement",
      false,
      sql("CREATE TABLE once (id int)"),
      sql(`CREATE INDEX CONCURRENTLY named ON ${TABLE} (name)`),
      sql(`ALTER TABLE ${TABLE} ADD COLUMN more text`),
    );
    await prepare("statement");
    // The builder waits for older snapshots after it has made the index, which is then there and invalid.
    const letGo = await hold("statement", "SELECT 1 FROM pg_class");
    const migrator = await start("statement", release);
    await untilSaid(migrator, "(2 of 10)");
    await letGo();
    const migrated = await finish(migrator);
    expect(migrated).toMatchObject({ exitCode: 0 });
    expect(migrated.stderr).toContain("a statement of guestbook.0002_step did not get its lock");
    expect(migrated.stdout.match(/Applying guestbook\.0002_step/g)).toHaveLength(1);
    expect(await database.sql("statement", "SELECT count(*) FROM pg_index WHERE NOT indisvalid")).toBe("0");
    expect(
      await database.sql("statement", "SELECT indisvalid FROM pg_index WHERE indexrelid = 'named'::regclass"),
    ).toBe("t");
  });

  it("is not tried for again within a transaction of a migration that is not atomic", async () => {
    const release = await buildRelease(
      "within",
      false,
      sql(`BEGIN; CREATE TABLE once (id int); ALTER TABLE ${TABLE} ADD COLUMN more text; COMMIT`),
    );
    await prepare("within");
    const letGo = await hold("within");
    const failed = await migrate("within", release);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).not.toContain("trying again");
    await letGo();
  });
});

describe.concurrent("a migration that is not atomic and fails", { timeout: 60_000 }, () => {
  it("tells what is committed, what failed, the invalid index that it left, and the way on", async () => {
    const release = await buildRelease(
      "partly",
      false,
      sql("CREATE TABLE once (id int)"),
      sql(`CREATE UNIQUE INDEX CONCURRENTLY named ON ${TABLE} (name)`),
      sql("CREATE TABLE never (id int)"),
    );
    await prepare("partly");
    await database.sql(
      "partly",
      `INSERT INTO ${TABLE} (name, message, written) SELECT 'Ada', '', now() FROM generate_series(1, 2)`,
    );
    const failed = await migrate("partly", release);
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("Traceback");
    expect(failed.stderr.split("\n").filter((line) => line.startsWith("rehearsal: "))).toEqual([
      expect.stringMatching(
        /guestbook\.0002_step is not atomic, and failed after 1 committed statement at CREATE UNIQUE INDEX CONCURRENTLY named ON guestbook_entry \(name\): could not create unique index "named"; DETAIL: +Key \(name\)=\(Ada\) is duplicated\.$/,
      ),
      "rehearsal: committed, 1: CREATE TABLE once (id int)",
      "rehearsal: left invalid: the index named; DROP INDEX CONCURRENTLY named;",
      "rehearsal: the way on: drop what is invalid, then undo what is committed, or have the migration bear it (IF NOT EXISTS), and run it again from its beginning; or do what is missing by hand and record it with: python manage.py migrate --fake guestbook 0002_step",
      expect.stringMatching(/^rehearsal: the migration failed: IntegrityError: could not create unique index/),
    ]);
    expect(await recorded("partly")).toBe("0");
  });

  it("counts as committed what was, and not what was rolled back", async () => {
    const release = await buildRelease("rolled-back", false, "migrations.RunPython(in_two_transactions)");
    await prepare("rolled_back");
    const failed = await migrate("rolled_back", release);
    expect(failed.stderr).toContain("failed after 1 committed statement at SELECT 1/0: division by zero");
    expect(failed.stderr).toContain("committed, 1: CREATE TABLE kept (id int)\n");
    expect(failed.stderr).not.toContain("committed, 2");
  });
});

describe("an atomic migration with SQL that is deferred to its end", { timeout: 60_000 }, () => {
  it("is recorded in the transaction that runs it", async () => {
    const release = await buildRelease(
      "deferred",
      true,
      'migrations.CreateModel(name="Reply", fields=[("id", models.BigAutoField(primary_key=True)), ("entry", models.ForeignKey("guestbook.entry", models.CASCADE))])',
    );
    await prepare("deferred");
    await database.sql(
      "deferred",
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not recorded'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON django_migrations EXECUTE FUNCTION refuse()`,
    );
    const failed = await migrate("deferred", release);
    expect(failed.stderr).toContain("not recorded");
    expect(failed.stdout).not.toContain("0002_step... OK");
    expect(await database.sql("deferred", "SELECT to_regclass('guestbook_reply') IS NULL")).toBe("t");
  });
});
