import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Adoption, adoptDatabase } from "../../../engine/adopt-database.ts";
import { type PostgresAddress, withConnection } from "../../../engine/postgres.ts";
import { scramVerifier } from "../../../engine/scram.ts";
import { buildPostgres } from "../images/builds.ts";
import { docker, until } from "../images/support.ts";
import { makeSnapshot, removeSnapshot } from "../support/made-snapshot.ts";

const ID = "ad0000000001";
const PORT = 18_471;
const ADOPTION: Adoption = {
  from: { database: "snapshot", owner: "snapshot_owner" },
  beside: "statistics",
  database: "app",
  owner: "the-owner",
  workers: { app: "app", etl: "etl", report: "report" },
};
const address: PostgresAddress = {
  host: "127.0.0.1",
  port: PORT,
  username: "postgres",
  password: "superuser",
  database: "postgres",
  sslmode: "disable",
};

let image: string;
let container: Awaited<ReturnType<typeof docker.createContainer>>;

beforeAll(async () => {
  image = await makeSnapshot({
    id: ID,
    project: "adopted",
    postgresImage: await buildPostgres(),
    extensions: ["pg_trgm"],
    fill: `
      CREATE TABLE kept (id serial PRIMARY KEY, name text);
      INSERT INTO kept (name) VALUES ('from the snapshot');
      CREATE VIEW kept_names AS SELECT name FROM kept;
      CREATE TYPE mood AS ENUM ('good');
      CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
      ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;`,
    asSuperuser:
      "CREATE SCHEMA more AUTHORIZATION snapshot_owner; ALTER SCHEMA public OWNER TO snapshot_owner; GRANT CREATE ON SCHEMA public TO PUBLIC",
  });
}, 600_000);

afterAll(() => removeSnapshot(ID));

/** A server from the snapshot, with the roles and the empty database that are declared. */
beforeEach(async () => {
  const verifier = scramVerifier(address.password, Buffer.from("0123456789abcdef").toString("base64"));
  container = await docker.createContainer({
    name: "adopt-database-test",
    Image: image,
    Cmd: ["postgres", "-c", "fsync=off"],
    Env: [`POSTGRES_PASSWORD_VERIFIER=${verifier}`],
    ExposedPorts: { "5432/tcp": {} },
    HostConfig: {
      Tmpfs: { "/tmp": "" },
      PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: String(PORT) }] },
    },
  });
  await container.start();
  await until("the server", () => rows("postgres", "SELECT 1").catch(() => undefined));
  for (const role of ["the-owner", "app", "etl", "report"]) await rows("postgres", `CREATE ROLE "${role}"`);
  await rows("postgres", 'CREATE DATABASE app OWNER "the-owner"');
});

afterEach(() => container.remove({ force: true, v: true }));

async function rows(database: string, statement: string): Promise<string[]> {
  return await withConnection({ ...address, database }, async (client) => {
    const result = await client.query({ text: statement, rowMode: "array" });
    return (result.rows as unknown[][]).map((row) => row.join(" "));
  });
}

const databases = () => rows("postgres", "SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1");

async function expectAdopted(): Promise<void> {
  expect(await databases()).toEqual(["app", "postgres"]);
  expect(await rows("app", "SELECT name FROM kept")).toEqual(["from the snapshot"]);
  expect(await rows("postgres", "SELECT rolname FROM pg_roles WHERE rolname = 'snapshot_owner'")).toEqual([]);
}

describe("a database that a server came with", () => {
  it("takes the empty one's place, with everything in it owned by the declared owner", async () => {
    await adoptDatabase(address, ADOPTION);
    await expectAdopted();
    const owners = await rows(
      "app",
      `SELECT 'database ' || datdba::regrole FROM pg_database WHERE datname = 'app'
       UNION SELECT 'relation ' || relowner::regrole FROM pg_class c WHERE relnamespace = 'public'::regnamespace
       UNION SELECT 'type ' || typowner::regrole FROM pg_type WHERE typname = 'mood'
       UNION SELECT 'function ' || proowner::regrole FROM pg_proc WHERE proname = 'one'
       UNION SELECT 'schema ' || nspowner::regrole FROM pg_namespace WHERE nspname = 'more'
       UNION SELECT 'extension ' || extowner::regrole FROM pg_extension WHERE extname = 'pg_trgm' ORDER BY 1`,
    );
    expect(owners).toEqual([
      'database "the-owner"',
      "extension postgres",
      'function "the-owner"',
      'relation "the-owner"',
      'schema "the-owner"',
      'type "the-owner"',
    ]);
  });

  it("has a schema public like a new database's, and the declared rights beside", async () => {
    const rights =
      "SELECT nspowner::regrole || ' ' || array_to_string(nspacl, ' ') FROM pg_namespace WHERE nspname = 'public'";
    const fresh = await rows("app", rights);
    await adoptDatabase(address, ADOPTION);
    for (const role of ["app", "etl", "report"]) await rows("app", `REVOKE ALL ON SCHEMA public FROM "${role}"`);
    expect(await rows("app", rights)).toEqual(fresh);
  });

  it("lets each role do on what exists what it may do on what comes later", async () => {
    await adoptDatabase(address, ADOPTION);
    const tables = await rows(
      "app",
      `SELECT grantee, table_name, string_agg(privilege_type, ',' ORDER BY privilege_type) FROM information_schema.table_privileges
       WHERE grantee IN ('app', 'etl', 'report') AND table_name LIKE 'kept%' GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    expect(tables).toEqual([
      ...["app", "etl"].flatMap((role) =>
        ["kept", "kept_names"].map((table) => `${role} ${table} DELETE,INSERT,SELECT,UPDATE`),
      ),
      "report kept SELECT",
      "report kept_names SELECT",
    ]);
    const sequences = await rows(
      "app",
      `SELECT role, has_sequence_privilege(role, 'kept_id_seq', 'USAGE'), has_sequence_privilege(role, 'kept_id_seq', 'SELECT'),
         has_sequence_privilege(role, 'kept_id_seq', 'UPDATE') FROM unnest(ARRAY['app', 'etl', 'report']) role`,
    );
    expect(sequences).toEqual(["app true true false", "etl true true false", "report false true false"]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ["nothing was done", () => Promise.resolve()],
    ["everything belongs to the owner", () => rows("snapshot", 'REASSIGN OWNED BY snapshot_owner TO "the-owner"')],
    ["the empty database is gone", () => rows("postgres", "DROP DATABASE app")],
    ["the snapshot's role is gone", dropSnapshotOwner],
    ["all was done", () => adoptDatabase(address, ADOPTION)],
  ])("goes on where an interrupted run left off: %s", async (_, before) => {
    await before();
    await adoptDatabase(address, ADOPTION);
    await expectAdopted();
    expect(await rows("app", "SELECT has_table_privilege('report', 'kept', 'SELECT')")).toEqual(["true"]);
  });

  it("takes the place of one that a process of the environment is connected to", async () => {
    await withConnection({ ...address, database: "app" }, async (client) => {
      const lost = new Promise((resolve) => client.on("error", resolve));
      await adoptDatabase(address, ADOPTION);
      await lost;
    }).catch(() => undefined);
    await expectAdopted();
  });

  it("does not take the place of one that holds tables", async () => {
    await rows("app", "CREATE TABLE somebodys (id int)");
    await expect(adoptDatabase(address, ADOPTION)).rejects.toThrow(
      "database app must be empty before a snapshot takes its place; found one with 1 tables beside the snapshot's.",
    );
    expect(await databases()).toEqual(["app", "postgres", "snapshot", "statistics"]);
  });

  it("must be there, or have been taken over", async () => {
    await rows("postgres", "DROP DATABASE snapshot");
    await rows("postgres", "DROP DATABASE app");
    await expect(adoptDatabase(address, ADOPTION)).rejects.toThrow(
      "the server must have a database snapshot to take over, or app that it was taken over as; found postgres, statistics.",
    );
  });
});

async function dropSnapshotOwner(): Promise<void> {
  await rows("snapshot", 'REASSIGN OWNED BY snapshot_owner TO "the-owner"');
  await rows("snapshot", "DROP OWNED BY snapshot_owner");
  await rows("postgres", "DROP DATABASE statistics");
  await rows("postgres", "DROP ROLE snapshot_owner");
}
