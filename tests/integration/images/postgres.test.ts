import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildPostgres } from "./builds.ts";
import { Bench, docker, execute, finish, until, untilSaid } from "./support.ts";

const DATA = "/var/lib/postgresql/data";
const READY = "database system is ready to accept connections";

const bench = new Bench();
let image: string;

beforeAll(async () => {
  image = await buildPostgres();
}, 600_000);

afterAll(() => bench.remove());

/** Starts a server on a volume; a password of undefined mounts none. */
function startServer(volume: string, password: string | undefined, ...command: string[]): Promise<Docker.Container> {
  return bench.start({
    image,
    command,
    volumes: { [DATA]: volume },
    ...(password === undefined ? {} : { secrets: { "postgres-password": `${password}\n` } }),
  });
}

async function sql(container: Docker.Container, statement: string): Promise<string> {
  const { exitCode, stdout, stderr } = await execute(container, [
    "psql",
    "-X",
    "-At",
    "-v",
    "ON_ERROR_STOP=1",
    "-c",
    statement,
  ]);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return stdout.trim();
}

/** Whether the superuser enters over TCP with a password. */
async function enters(container: Docker.Container, password: string): Promise<boolean> {
  const { exitCode } = await execute(container, [
    "env",
    `PGPASSWORD=${password}`,
    "psql",
    "-XAt",
    "-h",
    "127.0.0.1",
    "-U",
    "postgres",
    "-c",
    "SELECT 1",
  ]);
  return exitCode === 0;
}

/** Runs shell commands as the server's user on a volume. */
async function onVolume(volume: string, script: string): Promise<void> {
  const { exitCode, stderr } = await bench.run({ image, command: ["sh", "-ec", script], volumes: { [DATA]: volume } });
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
}

/** A SCRAM verifier as in RFC 5803. */
function verifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, 4096, 32, "sha256");
  const hmac = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(hmac("Client Key")).digest("base64");
  return `SCRAM-SHA-256$4096:${salt.toString("base64")}$${stored}:${hmac("Server Key").toString("base64")}`;
}

describe("PostgreSQL's image", { timeout: 120_000 }, () => {
  it("makes a cluster with checksums, UTF-8 and a collation that no system library can change", async () => {
    const server = await startServer(await bench.volume("fresh"), 'it\'s "secret"', "-c", "shared_buffers=32MB");
    await untilSaid(server, READY);
    expect(await sql(server, "SHOW server_version")).toMatch(/^17\./);
    expect(await sql(server, "SHOW data_checksums")).toBe("on");
    expect(await sql(server, "SHOW shared_buffers")).toBe("32MB");
    expect(
      await sql(server, "SELECT encoding, datlocprovider, datlocale FROM pg_database WHERE datname = 'template1'"),
    ).toBe("6|b|C.UTF-8");
    expect(await sql(server, "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'postgres'")).toBe(
      "SCRAM-SHA-256$",
    );
    await sql(server, "CREATE EXTENSION pg_stat_statements; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist");
    expect(Number(await sql(server, "SELECT count(*) FROM pg_stat_statements"))).toBeGreaterThan(0);
    expect(await enters(server, 'it\'s "secret"')).toBe(true);
    expect(await enters(server, "wrong")).toBe(false);
  });

  it("asks for a password over TCP, and lets nobody but the superuser in without one", async () => {
    const server = await startServer(await bench.volume("access"), "secret");
    await untilSaid(server, READY);
    await sql(server, "CREATE ROLE visitor LOGIN");
    const tcp = await execute(server, ["psql", "-w", "-h", "127.0.0.1", "-c", "SELECT 1"]);
    expect(tcp.stderr).toContain("no password supplied");
    const socket = await execute(server, ["psql", "-w", "-U", "visitor", "-d", "postgres", "-c", "SELECT 1"]);
    expect(socket.stderr).toContain("no password supplied");
  });

  it("begins anew after an initialisation that was interrupted", async () => {
    const volume = await bench.volume("interrupted");
    await onVolume(
      volume,
      "mkdir $(dirname $PGDATA)/.initialising.7 && echo 17 > $(dirname $PGDATA)/.initialising.7/PG_VERSION",
    );
    const server = await startServer(volume, "secret");
    await untilSaid(server, "creating subdirectories");
    await server.kill({ signal: "SIGKILL" });
    await server.wait();
    await server.start();
    await until("the server's second start", async () => ((await enters(server, "secret")) ? true : undefined));
    expect((await execute(server, ["ls", "-A", DATA])).stdout).not.toContain(".initialising");
  });

  it("keeps the data over a kill and over a new container, and takes the password of the day", async () => {
    const volume = await bench.volume("kept");
    const first = await startServer(volume, "old");
    await untilSaid(first, READY);
    await sql(first, "CREATE TABLE kept AS SELECT 42 AS answer");
    await first.kill({ signal: "SIGKILL" });
    await first.wait();
    const second = await startServer(volume, "new");
    await untilSaid(second, READY);
    expect(await sql(second, "SELECT answer FROM kept")).toBe("42");
    expect(await enters(second, "new")).toBe(true);
    expect(await enters(second, "old")).toBe(false);
  });

  it("takes what the server keeps of a password in place of the password", async () => {
    const volume = await bench.volume("verifier");
    const withVerifier = (password: string): Promise<Docker.Container> =>
      bench.start({
        image,
        volumes: { [DATA]: volume },
        environment: { POSTGRES_PASSWORD_VERIFIER: verifier(password) },
      });
    const first = await withVerifier("one");
    await untilSaid(first, READY);
    expect(await enters(first, "one")).toBe(true);
    expect(await enters(first, verifier("one"))).toBe(false);
    await first.stop();
    const second = await withVerifier("two");
    await untilSaid(second, READY);
    expect([await enters(second, "one"), await enters(second, "two")]).toEqual([false, true]);
  });

  it("refuses a verifier of another form without showing it", async () => {
    const refused = await bench.run({
      image,
      volumes: { [DATA]: await bench.volume("malformed") },
      environment: { POSTGRES_PASSWORD_VERIFIER: "hunter2" },
    });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(
      "POSTGRES_PASSWORD_VERIFIER is SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY",
    );
    expect(refused.stderr).not.toContain("hunter2");
  });

  it("never runs two servers on one volume", async () => {
    const volume = await bench.volume("shared");
    await untilSaid(await startServer(volume, "secret"), READY);
    const second = await bench.run({
      image,
      volumes: { [DATA]: volume },
      secrets: { "postgres-password": "secret" },
      environment: { POSTGRES_LOCK_SECONDS: "1" },
    });
    expect(second.exitCode).toBe(1);
    expect(second.stderr).toContain("one server at a time");
    expect(second.stderr).toContain("remedy: stop the other container");
  });

  it("refuses a new cluster without a password", async () => {
    const refused = await finish(await startServer(await bench.volume("no-password"), undefined));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("/run/secrets/postgres-password is absent or empty");
    expect(refused.stderr).toContain("POSTGRES_PASSWORD_FILE");
  });

  it("refuses a cluster of another major version", async () => {
    const volume = await bench.volume("older");
    await onVolume(volume, 'mkdir "$PGDATA"; echo 15 > "$PGDATA/PG_VERSION"');
    const refused = await finish(await startServer(volume, "secret"));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("made by PostgreSQL 15");
    expect(refused.stderr).toContain("pg_upgrade");
  });

  it("refuses to make a cluster over files that are none", async () => {
    const volume = await bench.volume("foreign");
    await onVolume(volume, 'mkdir "$PGDATA"; echo data > "$PGDATA/precious"');
    const refused = await finish(await startServer(volume, "secret"));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain("precious");
  });

  it("stops at once with open sessions, and cleanly", async () => {
    const server = await startServer(await bench.volume("stopped"), "secret");
    await untilSaid(server, READY);
    const session = execute(server, ["psql", "-X", "-c", "BEGIN; SELECT pg_sleep(300)"]);
    await until("the open session", async () =>
      (await sql(
        server,
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)%' AND pid <> pg_backend_pid()",
      )) === "1"
        ? true
        : undefined,
    );
    await server.stop({ t: 30 });
    expect((await finish(server)).stderr).toContain("database system is shut down");
    expect((await server.inspect()).State.ExitCode).toBe(0);
    await session;
  });

  it("runs as a user of its own, whose number volumes can rely on", async () => {
    expect((await docker.getImage(image).inspect()).Config.User).toBe("999:999");
  });
});
