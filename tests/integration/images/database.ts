import type Docker from "dockerode";
import { buildPostgres } from "./builds.ts";
import { type Bench, execute, until } from "./support.ts";

/** A PostgreSQL server of a bench, found by its containers as `database`, with a database owned by role `owner`. */
export interface TestDatabase {
  readonly container: Docker.Container;
  /** The environment's DATABASE_URL for a role; its password is its name. */
  url(database: string, role?: string): string;
  /** Runs a statement as superuser and returns its rows, unaligned. */
  sql(database: string, statement: string): Promise<string>;
  /** Makes an empty database, with role `app` able to read and write what `owner` makes in it. */
  create(database: string): Promise<void>;
}

export async function startDatabase(bench: Bench): Promise<TestDatabase> {
  const container = await bench.start({
    image: await buildPostgres(),
    command: ["-c", "fsync=off"],
    aliases: ["database"],
    volumes: { "/var/lib/postgresql/data": await bench.volume("database") },
    secrets: { "postgres-password": "postgres" },
  });
  await until("the database", async () =>
    (await execute(container, ["pg_isready", "-q", "-h", "127.0.0.1"])).exitCode === 0 ? true : undefined,
  );
  const sql = async (database: string, statement: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await execute(container, [
      "psql",
      "-XAtq",
      "-v",
      "ON_ERROR_STOP=1",
      "-d",
      database,
      "-c",
      statement,
    ]);
    if (exitCode !== 0) {
      throw new Error(stderr);
    }
    return stdout.trim();
  };
  await sql("postgres", "CREATE ROLE owner LOGIN PASSWORD 'owner'; CREATE ROLE app LOGIN PASSWORD 'app'");
  return {
    container,
    url: (database, role = "owner") => `postgres://${role}:${role}@database:5432/${database}`,
    sql,
    create: async (database) => {
      await sql("postgres", `CREATE DATABASE ${database} OWNER owner`);
      await sql(
        database,
        `ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app;
         ALTER DEFAULT PRIVILEGES FOR ROLE owner GRANT USAGE, SELECT ON SEQUENCES TO app`,
      );
    },
  };
}
