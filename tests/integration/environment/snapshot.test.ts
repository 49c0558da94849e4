import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releaseTags } from "../../../components/release-images.ts";
import { criticalChecks } from "../../../rehearsal/checks/critical-checks.ts";
import { SNAPSHOT_LABEL } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { makeSnapshot, removeSnapshot } from "../support/made-snapshot.ts";
import { Checkout } from "./checkout.ts";
import { docker, environmentObjects, eventually, RunningEnvironment, removeImages } from "./running-environment.ts";

const STACK = "it-snapshot";
const PROJECT = "it-snapshots";
const NAME = `${PROJECT}-${STACK}`;
const [FIRST, SECOND, NEWER] = ["5a0000000001", "5a0000000002", "5a0000000003"] as const;
const UNCHANGED = /Resources:\s+\d+ unchanged/;

const checkout = new Checkout();
let environment: RunningEnvironment;

/** A snapshot of the release's schema with an airport of that name. */
async function snapshotWith(id: string, airport: string, takenAt: string): Promise<void> {
  const tags = releaseTags({
    source: "reference",
    settingsModule: "airways.settings",
    environment: {},
    baseImage: "debian:trixie-slim",
  });
  await makeSnapshot({
    id,
    project: PROJECT,
    postgresImage: `${PROJECT}/postgres:${tags.postgres}`,
    applicationImage: `${PROJECT}/application:${tags.application}`,
    extensions: ["pg_trgm"],
    fill:
      "INSERT INTO flights_airport (code, name, city, state, country, latitude, longitude, region, photo) " +
      `VALUES ('ZZZZ', '${airport}', 'Snapshot', '', 'Nowhere', 1, 2, '', '')`,
    description: { takenAt },
  });
}

/** The rows that a statement gives, each in one line. */
async function asSuperuser(statement: string): Promise<string[]> {
  const command = ["psql", "-XAtqd", "app", "-P", "pager=off", "-c", statement];
  const { exitCode, output } = await environment.exec("database", command);
  expect(exitCode, output).toBe(0);
  return output.trim().split(/\s*\n/);
}

/** Runs a statement in a role of the environment, and gives the server's error code, or undefined. */
async function refused(role: string, statement: string): Promise<string | undefined> {
  const state = JSON.parse(await checkout.succeed("stack", "export", "--show-secrets", "--stack", STACK)) as {
    deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
  };
  const found = state.deployment.resources.find(({ urn }) => urn.endsWith(`::${NAME}-database-roles-${role}-password`));
  const secret = found?.outputs?.["result"] as { plaintext: string };
  const address = new URL(`postgres://${await checkout.output<string>(STACK, "databaseAddress")}`);
  const client = new pg.Client({
    host: address.hostname,
    port: Number(address.port),
    database: "app",
    user: role,
    password: JSON.parse(secret.plaintext) as string,
  });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query(statement);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  } finally {
    await client.end();
  }
}

/** The airport's page, once a release that has lost its connections has them again. */
async function airport(): Promise<string> {
  let body = "";
  await eventually(
    "the airport's page",
    async () => {
      const answer = await environment.get("/airports/ZZZZ/");
      body = answer.body;
      return answer.status === 200;
    },
    60,
  );
  return body;
}

async function upUnchanged(): Promise<void> {
  const output = await checkout.succeed("up", "--yes", "--skip-preview", "--stack", STACK);
  expect(output).toMatch(UNCHANGED);
}

beforeAll(async () => {
  await checkout.succeed("stack", "init", STACK);
  checkout.configure(STACK, {
    app: { name: PROJECT, replicas: 1 },
    database: { snapshot: "newest", memoryMiB: 512 },
  });
  // A preview builds the images that the snapshots are made with.
  const preview = await checkout.succeed("preview", "--stack", STACK);
  expect(preview).toContain(
    "database | starts empty: there is no snapshot. Make one with: npx rehearse snapshot create --from production",
  );
  await snapshotWith(FIRST, "First Field", "2026-01-01T00:00:00.000Z");
  await snapshotWith(SECOND, "Second Field", "2026-01-02T00:00:00.000Z");
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);
  environment = await RunningEnvironment.of(checkout, STACK, NAME);
});

afterAll(async () => {
  await checkout.remove(STACK);
  for (const id of [FIRST, SECOND, NEWER]) await removeSnapshot(id);
  await removeImages(PROJECT);
  expect(await environmentObjects(NAME)).toEqual([]);
});

describe("an environment whose database starts from the newest snapshot", () => {
  it("shows the snapshot's rows, and passes every critical check", async () => {
    expect(await airport()).toContain("Second Field");
    const checks = await checkout.output<string[]>(STACK, "checks");
    expect(checks).toHaveLength(criticalChecks.length);
    expect(checks.filter((line) => !/^\S+ passed: /.test(line))).toEqual([]);
  });

  it("runs the snapshot's image, without a data volume", async () => {
    const { Config, Mounts, HostConfig } = await environment.container("database");
    expect(Config.Labels[SNAPSHOT_LABEL]).toBe(SECOND);
    expect(Mounts).toEqual([]);
    expect(HostConfig.CapDrop).toEqual(["ALL"]);
    expect((await environment.objects()).filter((object) => object === `volume ${NAME}-data`)).toEqual([]);
  });

  it("leaves nothing of the snapshot's own roles and databases, and a schema as a new database has it", async () => {
    expect(await asSuperuser("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1")).toEqual([
      "app",
      "postgres",
    ]);
    expect(await asSuperuser("SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1")).toEqual([
      "app",
      "etl",
      "owner",
      "postgres",
      "report",
    ]);
    expect(await asSuperuser("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")).toEqual([
      "owner",
    ]);
    expect(
      await asSuperuser("SELECT nspowner::regrole, unnest(nspacl) FROM pg_namespace WHERE nspname = 'public'"),
    ).toEqual(
      ["pg_database_owner=UC", "=U", "app=U", "etl=U", "report=U"].map(
        (right) => `pg_database_owner|${right}/pg_database_owner`,
      ),
    );
  });

  it("gives each role its rights on the snapshot's tables and sequences, and no more", async () => {
    const insert =
      "INSERT INTO flights_airport (code, name, city, state, country, latitude, longitude) VALUES ('YYYY', 'Y', '', '', 'Y', 1, 2)";
    for (const role of ["app", "etl"]) {
      expect(await refused(role, insert), role).toBeUndefined();
      expect(await refused(role, "ALTER TABLE flights_airport ADD COLUMN more int"), role).toBe("42501");
      expect(await refused(role, "CREATE TABLE public.more (id int)"), role).toBe("42501");
    }
    expect(await refused("report", "SELECT count(*) FROM flights_airport")).toBeUndefined();
    expect(await refused("report", insert)).toBe("42501");
    expect(await refused("owner", "ALTER TABLE flights_airport ADD COLUMN more int")).toBeUndefined();
  });

  it("changes nothing the second time, differs in nothing after a refresh, and stays when a newer one comes", async () => {
    await upUnchanged();
    const refresh = await checkout.pulumi("refresh", "--preview-only", "--expect-no-changes", "--stack", STACK);
    expect(refresh.exitCode, refresh.output).toBe(0);
    await snapshotWith(NEWER, "Newer Field", "2026-01-03T00:00:00.000Z");
    const output = await checkout.succeed("up", "--yes", "--skip-preview", "--stack", STACK);
    expect(output).toMatch(UNCHANGED);
    expect(output).toContain(`database | runs on snapshot ${SECOND}; the newest is ${NEWER}.`);
    expect(await airport()).toContain("Second Field");
  });
});

describe("a container from a snapshot that is replaced", () => {
  it("has roles, rights and rows again, with another snapshot where another id is set", async () => {
    checkout.configure(STACK, { database: { snapshot: FIRST.slice(0, 12), memoryMiB: 640 } });
    const preview = await checkout.succeed("preview", "--diff", "--stack", STACK);
    expect(preview).toMatch(new RegExp(`image\\s*: "snapshot:${SECOND}" => "snapshot:${FIRST}"`));
    const { exitCode, output } = await checkout.up(STACK);
    expect(exitCode, output).toBe(0);
    expect(await airport()).toContain("First Field");
    expect(await refused("report", "DELETE FROM flights_airport")).toBe("42501");
    await upUnchanged();
  });

  it("is made complete by the next up where the first was killed in between", async () => {
    checkout.configure(STACK, { database: { memoryMiB: 512 } });
    const before = (await environment.container("database")).Id;
    const { child, ended, output } = checkout.start("up", "--yes", "--skip-preview", "--stack", STACK);
    await eventually(
      "a role in the new server",
      async () => {
        const { Id } = await environment.container("database").catch(() => ({ Id: before }));
        if (Id === before) return false;
        const { exitCode, output: roles } = await environment.exec("database", [
          "psql",
          "-XAtqc",
          "SELECT count(*) FROM pg_roles WHERE rolname = 'owner'",
        ]);
        return exitCode === 0 && roles.trim() === "1";
      },
      120,
    );
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await ended;
    expect(output()).not.toMatch(/Resources:/);
    await sleep(500);
    await checkout.succeed("cancel", "--yes", "--stack", STACK);
    const again = await checkout.up(STACK);
    expect(again.exitCode, again.output).toBe(0);
    expect(await airport()).toContain("First Field");
    expect(await refused("report", "DELETE FROM flights_airport")).toBe("42501");
    await upUnchanged();
  });

  it("is not given up for a volume, nor started from what is not there", async () => {
    checkout.configure(STACK, { database: { snapshot: "none" } });
    const none = await checkout.pulumi("preview", "--stack", STACK);
    expect(none.exitCode).not.toBe(0);
    expect(none.output).toContain(
      `rehearsal:database.snapshot: a database that is there keeps its form; found "none" for the one of ${NAME}, ` +
        `which runs from snapshot ${FIRST}. To lose its data and start anew: pulumi destroy --stack ${STACK}`,
    );
    checkout.configure(STACK, { database: { snapshot: "ffffff" } });
    const missing = await checkout.pulumi("preview", "--stack", STACK);
    expect(missing.exitCode).not.toBe(0);
    expect(missing.output).toContain(`found ${NEWER}, ${SECOND}, ${FIRST}`);
    expect((await docker.listContainers({ filters: { name: [`${NAME}-database`] } })).length).toBe(1);
    checkout.configure(STACK, { database: { snapshot: "newest" } });
  });
});
