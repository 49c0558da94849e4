import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresAddress, withConnection } from "../../../engine/postgres.ts";
import { startPostgres, type TestPostgres } from "../support/postgres-server.ts";

let server: TestPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.stop();
});

it("fails the next query, and not the process, where the server ends a connection that rests", async () => {
  const { host, port, username, password } = server;
  const address: PostgresAddress = { host, port, username, password, database: "postgres", sslmode: "disable" };
  const work = withConnection(address, async (client) => {
    const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await server.query(`SELECT pg_terminate_backend(${rows[0]?.pid ?? 0})`);
    await sleep(200);
    await client.query("SELECT 1");
  });
  await expect(work).rejects.toThrow(/connection/i);
});
