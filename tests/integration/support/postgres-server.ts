import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { passwordVerifier } from "../../../toolchain/plugins/postgresql/scram.ts";

const run = promisify(execFile);
const START_MS = 60_000;

/** A PostgreSQL server for one test file, reached as its superuser. */
export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Runs one statement in a database (default: postgres) on a connection of its own. */
  query(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** The same as another role. */
  queryAs(username: string, password: string, text: string, database?: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/**
 * A throw-away container of the image that TEST_POSTGRES_IMAGE names, or of images/postgres, which is built then.
 * TEST_POSTGRES_URL (postgres://superuser:password@host:port) takes a server that runs already: it is left running, and
 * keeps what a failing test leaves behind.
 *
 * @param publishOn address of this host: another than the loopback one where containers must reach the server too
 */
export async function startPostgres(publishOn = "127.0.0.1"): Promise<TestPostgres> {
  const given = process.env["TEST_POSTGRES_URL"];
  if (given !== undefined && given !== "") {
    const url = new URL(given);
    const server = {
      host: url.hostname,
      port: Number(url.port || 5432),
      username: url.username,
      password: url.password,
    };
    return testServer(server, () => Promise.resolve());
  }
  const image = process.env["TEST_POSTGRES_IMAGE"] ?? (await buildImage());
  const password = randomBytes(16).toString("hex");
  const environment = [`POSTGRES_PASSWORD=${password}`, `POSTGRES_PASSWORD_VERIFIER=${passwordVerifier(password)}`];
  const flags = environment.flatMap((variable) => ["--env", variable]);
  const name = `rehearsal-test-postgres-${randomBytes(4).toString("hex")}`;
  const { stdout } = await run("docker", [
    "run",
    "--detach",
    "--rm",
    "--name",
    name,
    "--publish",
    `${publishOn}::5432`,
    ...flags,
    image,
  ]);
  const container = stdout.trim();
  const stop = async (): Promise<void> => {
    await run("docker", ["rm", "--force", "--volumes", container]);
  };
  try {
    const published = await run("docker", ["port", container, "5432/tcp"]);
    const port = Number(/:(\d+)\s*$/.exec(published.stdout)?.[1]);
    const server = { host: publishOn, port, username: "postgres", password };
    await untilReady(server, container);
    return testServer(server, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

function testServer(address: Address, stop: () => Promise<void>): TestPostgres {
  return {
    ...address,
    query: (text, database = "postgres") => query(address, text, database),
    queryAs: (username, password, text, database = "postgres") =>
      query({ ...address, username, password }, text, database),
    stop,
  };
}

async function query(address: Address, text: string, database: string): Promise<Record<string, unknown>[]> {
  const { username, ...rest } = address;
  const client = new pg.Client({ ...rest, user: username, database });
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function untilReady(address: Address, container: string): Promise<void> {
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      await query(address, "SELECT 1", "postgres");
      return;
    } catch (error) {
      if (Date.now() < end) {
        await delay(100);
        continue;
      }
      const { stdout, stderr } = await run("docker", ["logs", container]);
      throw new Error(`PostgreSQL does not answer after ${START_MS / 1000} s. Its log:\n${stdout}${stderr}`, {
        cause: error,
      });
    }
  }
}

async function buildImage(): Promise<string> {
  const context = join(import.meta.dirname, "..", "..", "..", "images", "postgres");
  const { stdout } = await run("docker", ["build", "--quiet", context]);
  return stdout.trim();
}
