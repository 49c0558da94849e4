import { randomBytes } from "node:crypto";
import { once } from "node:events";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WRITE_LOCK } from "../../../toolchain/plugins/postgresql/server.ts";
import { startPostgres, type TestPostgres } from "../support/postgres-server.ts";
import { type CliProject, createCliProject } from "./framework-cli.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const role = `interrupted_${randomBytes(4).toString("hex")}`;

let server: TestPostgres;
let project: CliProject;
/** Holds the lock that every write of the plugin waits for. */
let holder: pg.Client;

beforeAll(async () => {
  server = await startPostgres();
  project = await createCliProject([{ name: "postgresql", version: "3.18.1" }], { ADMIN_PASSWORD: server.password });
  await project.program(`
import * as pg from "@pulumi/postgresql";
const provider = new pg.Provider("server", { host: "${server.host}", port: ${server.port},
  username: "${server.username}", password: process.env.ADMIN_PASSWORD, sslmode: "disable" });
new pg.Role("role", { name: "${role}" }, { provider });
`);
  const { username, password, host, port } = server;
  holder = new pg.Client({ host, port, user: username, password, database: "postgres" });
  await holder.connect();
  await holder.query("SELECT pg_advisory_lock($1)", [WRITE_LOCK]);
});

afterAll(async () => {
  await holder.end();
  await project.pulumi("cancel", "--yes");
  await project.pulumi("destroy", "--yes", "--skip-preview");
  await project.remove();
  await server.stop();
});

async function waitingWriters(): Promise<number> {
  const rows = await server.query(
    "SELECT FROM pg_stat_activity WHERE application_name = 'pulumi' AND wait_event_type = 'Lock'",
  );
  return rows.length;
}

describe("an operation of the postgresql stand-in that is under way", () => {
  it("ends when pulumi is interrupted, and leaves nothing half made", async () => {
    const up = project.start("up", "--yes", "--skip-preview");
    await expect.poll(waitingWriters, { timeout: 60_000 }).toBe(1);
    up.kill("SIGINT");
    await once(up, "exit");
    await expect.poll(waitingWriters, { timeout: 30_000 }).toBe(0);
    expect(await server.query(`SELECT FROM pg_roles WHERE rolname = '${role}'`)).toEqual([]);
  });

  it("ends when pulumi is killed; the next update does it", async () => {
    const up = project.start("up", "--yes", "--skip-preview");
    await expect.poll(waitingWriters, { timeout: 60_000 }).toBe(1);
    up.kill("SIGKILL");
    await once(up, "exit");
    await expect.poll(waitingWriters, { timeout: 30_000 }).toBe(0);
    await holder.query("SELECT pg_advisory_unlock($1)", [WRITE_LOCK]);
    // A killed update leaves its lock on the stack behind.
    await project.succeed("cancel", "--yes");
    await project.succeed("up", "--yes", "--skip-preview");
    expect(await server.query(`SELECT rolname::text AS name FROM pg_roles WHERE rolname = '${role}'`)).toEqual([
      { name: role },
    ]);
  });
});
