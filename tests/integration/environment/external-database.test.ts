import { afterAll, beforeAll, expect, it } from "vitest";
import { startPostgres, type TestPostgres } from "../support/postgres-server.ts";
import { Checkout } from "./checkout.ts";
import { docker, RunningEnvironment } from "./running-environment.ts";

const STACK = "it-external";
const NAME = "reference-it-external";

const checkout = new Checkout();
let server: TestPostgres;

beforeAll(async () => {
  // An address that both this host and containers reach.
  const bridge = (await docker.getNetwork("bridge").inspect()) as { IPAM: { Config: { Gateway?: string }[] } };
  server = await startPostgres(bridge.IPAM.Config[0]?.Gateway ?? "172.17.0.1");
  await checkout.succeed("stack", "init", STACK);
});

afterAll(async () => {
  await checkout.remove(STACK);
  await server.stop();
});

it("runs on a server that somebody else runs, with roles of its own there, and no database container", async () => {
  const settings = {
    host: server.host,
    port: server.port,
    username: server.username,
    sslmode: "disable",
    rolePrefix: "it_",
  };
  checkout.configure(STACK, { network: { outside: true } });
  for (const [key, value] of Object.entries(settings)) {
    await checkout.succeed(
      "config",
      "set",
      "--path",
      `rehearsal:database.server.${key}`,
      String(value),
      "--stack",
      STACK,
    );
  }
  await checkout.succeed(
    "config",
    "set",
    "--path",
    "--secret",
    "rehearsal:database.server.password",
    server.password,
    "--stack",
    STACK,
  );
  const { exitCode, output } = await checkout.up(STACK);
  expect(exitCode, output).toBe(0);

  const environment = await RunningEnvironment.of(checkout, STACK, NAME);
  expect((await environment.get("/")).status).toBe(200);
  expect((await environment.containers()).filter(({ Name }) => Name.includes("database"))).toEqual([]);
  const roles = await server.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'it\\_%' ORDER BY 1");
  expect(roles.map(({ rolname }) => rolname)).toEqual(["it_app", "it_etl", "it_owner", "it_report"]);
  const { output: again } = await checkout.up(STACK);
  expect(again).toMatch(/Resources:\s+\d+ unchanged/);
});

it("leaves the server as it was when it is destroyed", async () => {
  await checkout.succeed("destroy", "--yes", "--skip-preview", "--stack", STACK);
  expect(await server.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'it\\_%'")).toEqual([]);
  expect(await server.query("SELECT datname FROM pg_database WHERE datname = 'app'")).toEqual([]);
});
