import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildMinimal, buildOver } from "./builds.ts";
import { startDatabase, type TestDatabase } from "./database.ts";
import { Bench, execute, type Finished, finish, output, until, untilSaid } from "./support.ts";

const TABLE = "guestbook_entry";
const MIGRATIONS = "/home/guestbook/source/guestbook/migrations";
const ENVIRONMENT = { DJANGO_ALLOWED_HOSTS: "guestbook.example", DJANGO_DEBUG: "0" };
const WORKER = "images-test-intake";

/** Takes in data in batches of a second; SIGTERM lets the batch in hand be finished. */
const BATCHES = `
import os, pathlib, signal, sys, time
import psycopg2
stopped = False
def stop(number, frame):
    global stopped
    stopped = "stubborn" not in sys.argv
signal.signal(signal.SIGTERM, stop)
def store(text):
    connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO ${TABLE} (name, message, written) VALUES (%s, %s, clock_timestamp())", [text, str(os.getpid())])
    connection.close()
print("begun", os.getpid(), flush=True)
while not stopped:
    pathlib.Path(os.environ["WORKER_HEARTBEAT_FILE"]).touch()
    try:
        store("begin")
        time.sleep(1)
        store("end")
    except psycopg2.Error as error:
        print("no database", flush=True)
        time.sleep(0.5)
print("finished", flush=True)
`;

const bench = new Bench();
let image: string;
let database: TestDatabase;

/** An image whose release has more migrations, each of one statement. */
async function buildRelease(name: string, ...statements: string[]): Promise<string> {
  const tag = `${WORKER}-${name}`;
  const files = statements.map((sql, index) => [
    `${String(index + 2).padStart(4, "0")}_step.py`,
    [
      "from django.db import migrations",
      "class Migration(migrations.Migration):",
      `    dependencies = [("guestbook", "${index === 0 ? "0001_entry" : `${String(index + 1).padStart(4, "0")}_step`}")]`,
      `    operations = [migrations.RunSQL(${JSON.stringify(sql)})]`,
    ].join("\n"),
  ]);
  await buildOver(tag, image, Object.fromEntries(files) as Record<string, string>, `COPY 0*.py ${MIGRATIONS}/`);
  return tag;
}

const NOTE = `INSERT INTO ${TABLE} (name, message, written) VALUES ('migration', '', clock_timestamp())`;
let releases: Record<"good" | "slow" | "failing" | "partly", string>;

beforeAll(async () => {
  image = await buildMinimal();
  await buildOver(WORKER, image, { "batches.py": BATCHES }, "COPY batches.py /home/guestbook/source/");
  releases = {
    good: await buildRelease("good", NOTE, `ALTER TABLE ${TABLE} ADD COLUMN more text`),
    slow: await buildRelease("slow", `${NOTE}; SELECT pg_sleep(30)`),
    failing: await buildRelease("failing", "SELECT 1/0"),
    partly: await buildRelease("partly", NOTE, "SELECT 1/0"),
  };
  database = await startDatabase(bench);
  await database.create("migrated");
  expect((await migrate("migrated", image)).exitCode).toBe(0);
}, 900_000);

afterAll(() => bench.remove());

function startMigration(name: string, release: string, environment: Record<string, string> = {}) {
  return bench.start({
    image: release,
    command: ["/opt/rehearsal/run", "migrate"],
    environment: { ...ENVIRONMENT, ...environment },
    secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url(name) },
  });
}

async function migrate(name: string, release: string, environment: Record<string, string> = {}): Promise<Finished> {
  return await finish(await startMigration(name, release, environment));
}

/** A worker of the release that runs, which has begun its first batch. */
async function startWorker(
  name: string,
  environment: Record<string, string> = {},
  ...more: string[]
): Promise<Docker.Container> {
  const worker = await bench.start({
    image: WORKER,
    command: ["/opt/rehearsal/run", "worker", "--", "python3", "batches.py", ...more],
    environment: { ...ENVIRONMENT, ...environment },
    secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url(name, "app") },
  });
  await until("a batch", async () => ((await entries(name)).includes("begin") ? true : undefined));
  return worker;
}

async function prepare(name: string): Promise<void> {
  await database.sql("postgres", `CREATE DATABASE ${name} OWNER owner TEMPLATE migrated`);
}

async function entries(name: string): Promise<string[]> {
  return (await database.sql(name, `SELECT name FROM ${TABLE} ORDER BY written, id`)).split("\n");
}

async function log(container: Docker.Container): Promise<string> {
  const { stdout, stderr } = await output(container);
  return `${stdout}${stderr}`;
}

/** How often the command was started. */
async function starts(worker: Docker.Container): Promise<number> {
  return (await log(worker)).split("begun").length - 1;
}

async function untilStarted(worker: Docker.Container, times: number, seconds = 20): Promise<void> {
  await until(`start ${times}`, async () => ((await starts(worker)) === times ? true : undefined), seconds);
}

describe.concurrent("a worker while a migrator is at work", { timeout: 60_000 }, () => {
  it("finishes its batch before the schema changes, rests in good health, and resumes when nobody takes its place", async () => {
    await prepare("drained");
    const worker = await startWorker("drained", { INTAKE_RESUME_SECONDS: "6", WORKER_HEARTBEAT_MAX_AGE: "3" });
    const migrated = await migrate("drained", releases.good);
    expect(migrated).toMatchObject({ exitCode: 0 });
    expect(migrated.stderr).toMatch(/intake stops: waiting for server process \d+ of role app to finish what it is at/);
    const after = await entries("drained");
    expect(after.at(-1)).toBe("migration");
    expect(after.at(-2)).toBe("end");
    expect(await log(worker)).toContain("finished");
    // Longer than a heartbeat may be old.
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect((await execute(worker, ["/opt/rehearsal/run", "health"])).stdout).toMatch(/heartbeat is [01] s old/);
    expect(await entries("drained")).toEqual(after);
    await untilStarted(worker, 2);
    expect(await log(worker)).toContain(
      "the schema was migrated, and no new release took this one's place in 6 s: the command starts again",
    );
    await until("a batch", async () => ((await entries("drained")).at(-1) === "begin" ? true : undefined));
  });

  it("resumes at once when the migration failed, also where one before it was applied", async () => {
    const resumed = (["failing", "partly"] as const).map(async (release) => {
      await prepare(release);
      const worker = await startWorker(release);
      const failed = await migrate(release, releases[release]);
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toContain("division by zero");
      await untilStarted(worker, 2, 8);
      expect((await entries(release)).includes("migration")).toBe(release === "partly");
    });
    await Promise.all(resumed);
  });

  it("resumes by itself when the migrator is killed", async () => {
    await prepare("orphaned");
    const worker = await startWorker("orphaned");
    const migrator = await startMigration("orphaned", releases.slow);
    await untilSaid(worker, "the command has stopped");
    await untilSaid(migrator, "guestbook.0002_step still runs");
    await migrator.kill({ signal: "SIGKILL" });
    await untilStarted(worker, 2, 8);
    expect(await log(worker)).toContain("the migrator has gone and nothing was migrated: the command starts again");
    expect(await entries("orphaned")).not.toContain("migration");
  });

  it("goes on where there is nothing to migrate", async () => {
    await prepare("current");
    const worker = await startWorker("current");
    const migrated = await migrate("current", image);
    expect(migrated.stdout).toContain("No migrations to apply.");
    expect(migrated.stderr).toBe("");
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(await starts(worker)).toBe(1);
    expect(await log(worker)).not.toContain("told to stop");
  });

  it("fails the migration before it has changed anything when its batch takes too long, and goes on", async () => {
    await prepare("stubborn");
    const worker = await startWorker("stubborn", {}, "stubborn");
    const refused = await migrate("stubborn", releases.good, { INTAKE_DRAIN_SECONDS: "2.5" });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(
      /rehearsal: workers must finish what they are at before the schema changes; found server process \d+ of role app still at work after 2.5 s; nothing was changed; see the worker's log/,
    );
    expect(refused.stderr).not.toContain("Traceback");
    expect(await entries("stubborn")).not.toContain("migration");
    const count = (await entries("stubborn")).length;
    await until("another batch", async () => ((await entries("stubborn")).length > count ? true : undefined));
    expect(await starts(worker)).toBe(1);
  });

  it("does not begin while a migrator is at work", async () => {
    await prepare("late");
    const migrator = await startMigration("late", releases.slow);
    await untilSaid(migrator, "guestbook.0002_step still runs");
    const worker = await bench.start({
      image: WORKER,
      command: ["/opt/rehearsal/run", "worker", "--", "python3", "batches.py"],
      environment: ENVIRONMENT,
      secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url("late", "app") },
    });
    await untilSaid(worker, "a migrator is at work: the command starts when it has ended");
    expect((await execute(worker, ["/opt/rehearsal/run", "health"])).exitCode).toBe(0);
    expect(await starts(worker)).toBe(0);
    await migrator.kill({ signal: "SIGKILL" });
    await untilStarted(worker, 1, 8);
  });

  it("ends cleanly when it is told to stop while it rests", async () => {
    await prepare("stopped");
    const worker = await startWorker("stopped");
    const migrator = await startMigration("stopped", releases.slow);
    await untilSaid(worker, "the command has stopped");
    const began = Date.now();
    await worker.kill({ signal: "SIGTERM" });
    expect((await finish(worker)).exitCode).toBe(0);
    expect(Date.now() - began).toBeLessThan(3000);
    await migrator.kill({ signal: "SIGKILL" });
  });
});

describe("a worker without its companion", { timeout: 60_000 }, () => {
  it("goes on, has another, and lets its command rest for the next migrator", async () => {
    await prepare("alone");
    const worker = await startWorker("alone");
    const companions =
      "cd /proc; for p in [0-9]*; do grep -qz '^intake$' $p/cmdline 2>/dev/null && echo $p; done; true";
    const companion = async () => (await execute(worker, ["sh", "-c", companions])).stdout.trim();
    const first = await companion();
    expect(first).toMatch(/^\d+$/);
    await execute(worker, ["sh", "-c", `kill -KILL ${first}`]);
    await untilSaid(worker, "who looks out for migrators has ended; another starts in 2 s");
    await until("another companion", async () => {
      const found = await companion();
      return found !== "" && found !== first ? true : undefined;
    });
    expect(await starts(worker)).toBe(1);
    const held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'";
    await until("its lock", async () => ((await database.sql("alone", held)) !== "0" ? true : undefined));
    expect((await migrate("alone", releases.good)).exitCode).toBe(0);
    expect((await entries("alone")).slice(-2)).toEqual(["end", "migration"]);
  });

  it("goes on while the database is away, and lets its command rest for a migrator when it is back", async () => {
    await prepare("away");
    const worker = await startWorker("away");
    await database.container.restart();
    await untilSaid(worker, "migrators are not looked out for while the database is away");
    const back =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rehearsal intake' AND datname = 'away'";
    await until("the companion's connection", async () => {
      try {
        return (await database.sql("postgres", back)) === "1" ? true : undefined;
      } catch {
        return undefined;
      }
    });
    expect(await starts(worker)).toBe(1);
    expect((await migrate("away", releases.good)).exitCode).toBe(0);
    expect((await entries("away")).slice(-2)).toEqual(["end", "migration"]);
    expect(await log(worker)).toContain("the command has stopped");
  });
});
