import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startPostgres, type TestPostgres } from "../support/postgres-server.ts";
import { type CliProject, createCliProject } from "./framework-cli.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

// Roles are the server's, so that two runs on one server must not share names.
const suffix = randomBytes(4).toString("hex");
const owner = `owner-${suffix}`;
const app = `app_${suffix}`;
const group = `group_${suffix}`;
const shop = `shop_${suffix}`;
const password = `first-${randomBytes(12).toString("hex")}`;
const secondPassword = `second-${randomBytes(12).toString("hex")}`;

let server: TestPostgres;
let project: CliProject;

interface Variation {
  readonly appPassword?: string;
  readonly appRole?: string;
  readonly databaseSettings?: string;
  readonly tablePrivileges?: string;
  readonly extra?: string;
}

function program(variation: Variation = {}): string {
  const { host, port, username } = server;
  return `
import * as pulumi from "@pulumi/pulumi";
import * as pg from "@pulumi/postgresql";
const provider = new pg.Provider("server", { host: "${host}", port: ${port}, username: "${username}",
  password: process.env.ADMIN_PASSWORD, sslmode: "disable" });
const options = { provider };
const owner = new pg.Role("owner", { name: "${owner}", login: true, password: "${password}" },
  // The membership below would show in the list of its own.
  { ...options, ignoreChanges: ["roles"] });
const group = new pg.Role("group", { name: "${group}" }, options);
const app = new pg.Role("app", { name: "${app}", login: true, password: "${variation.appPassword ?? password}",
  ${variation.appRole ?? 'connectionLimit: 7, searchPaths: ["public", "other place"], statementTimeout: 5000, validUntil: "2040-01-01"'},
  roles: [group.name] }, options);
const database = new pg.Database("shop", { name: "${shop}", owner: owner.name, ${variation.databaseSettings ?? ""} }, options);
const schema = new pg.Schema("reports", { name: "reports", database: database.name, owner: owner.name, dropCascade: true }, options);
new pg.Extension("pg_trgm", { name: "pg_trgm", database: database.name }, options);
new pg.Grant("connect", { database: database.name, role: app.name, objectType: "database", privileges: ["CONNECT"] }, options);
new pg.Grant("usage", { database: database.name, role: app.name, schema: schema.name, objectType: "schema",
  privileges: ["USAGE"] }, options);
const tables = new pg.Grant("tables", { database: database.name, role: app.name, schema: schema.name, objectType: "table",
  privileges: ${variation.tablePrivileges ?? '["SELECT", "INSERT"]'} }, options);
const later = new pg.DefaultPrivileges("later", { database: database.name, owner: owner.name, role: app.name,
  schema: schema.name, objectType: "table", privileges: ["SELECT", "INSERT"] }, options);
const membership = new pg.GrantRole("membership", { role: owner.name, grantRole: group.name }, options);
${variation.extra ?? ""}
export const ids = { app: app.id, database: database.id, schema: schema.id, tables: tables.id, later: later.id, membership: membership.id };
`;
}

beforeAll(async () => {
  server = await startPostgres();
  project = await createCliProject([{ name: "postgresql", version: "3.18.1" }], { ADMIN_PASSWORD: server.password });
  await project.program(program());
});

afterAll(async () => {
  await project.pulumi("destroy", "--yes", "--skip-preview");
  await project.remove();
  await server.stop();
});

describe("the stand-in of the postgresql plugin", () => {
  it("previews without the server knowing of it", async () => {
    expect(await project.succeed("preview")).toContain("+ 13 to create");
    expect(await server.query(`SELECT FROM pg_roles WHERE rolname = '${app}'`)).toEqual([]);
  });

  it("makes roles, database, schema, extension and grants as declared, with the official ids", async () => {
    await project.succeed("up", "--yes", "--skip-preview");
    expect(await project.outputs()).toEqual({
      ids: {
        app,
        database: shop,
        schema: `${shop}.reports`,
        tables: `${app}_${shop}_reports_table`,
        later: `${app}_${shop}_reports_${owner}_table`,
        membership: `${owner}_${group}_false`,
      },
    });
    const [role] = await server.query(
      `SELECT rolconnlimit, rolconfig, rolvaliduntil::date::text AS until, rolsuper, rolcanlogin FROM pg_roles WHERE rolname = '${app}'`,
    );
    expect(role).toEqual({
      rolconnlimit: 7,
      rolconfig: ['search_path=public, "other place"', "statement_timeout=5000"],
      until: "2040-01-01",
      rolsuper: false,
      rolcanlogin: true,
    });
    const [database] = await server.query(
      `SELECT pg_get_userbyid(datdba)::text AS owner, datcollate::text AS collate, pg_encoding_to_char(encoding) AS encoding
       FROM pg_database WHERE datname = '${shop}'`,
    );
    expect(database).toEqual({ owner, collate: "C", encoding: "UTF8" });
    expect(
      await server.query("SELECT extname::text AS name FROM pg_extension WHERE extname = 'pg_trgm'", shop),
    ).toEqual([{ name: "pg_trgm" }]);
  });

  it("gives default privileges on tables that the owner makes later", async () => {
    await server.query(`SET ROLE "${owner}"; CREATE TABLE reports.sale (id int)`, shop);
    const [row] = await server.query(
      `SELECT has_table_privilege('${app}', 'reports.sale', 'SELECT') AS reads,
         has_table_privilege('${app}', 'reports.sale', 'DELETE') AS deletes`,
      shop,
    );
    expect(row).toEqual({ reads: true, deletes: false });
  });

  it("lets the role log in with its password, and keeps the password out of state and of the server's catalogue", async () => {
    const state = await project.state();
    expect(state.text).not.toContain(password);
    expect(state.text).not.toContain(server.password);
    const [stored] = await server.query(`SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = '${app}'`);
    expect(stored?.["verifier"]).toMatch(/^SCRAM-SHA-256\$/);
    expect(await server.queryAs(app, password, "SELECT current_user::text AS who", shop)).toEqual([{ who: app }]);
  });

  it("changes nothing in a second update, nor after a refresh", async () => {
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("13 unchanged");
    await project.succeed("refresh", "--yes", "--skip-preview");
    await project.succeed("refresh", "--preview-only", "--expect-no-changes");
    await project.succeed("preview", "--expect-no-changes");
  });

  it("shows a privilege that was revoked by hand, and gives it back", async () => {
    await server.query(`REVOKE INSERT ON reports.sale FROM "${app}"`, shop);
    await server.query(
      `ALTER DEFAULT PRIVILEGES FOR ROLE "${owner}" IN SCHEMA reports REVOKE INSERT ON TABLES FROM "${app}"`,
      shop,
    );
    await server.query(`REVOKE CONNECT ON DATABASE "${shop}" FROM "${app}"; ALTER ROLE "${app}" CONNECTION LIMIT 3`);
    const drift = await project.pulumi("refresh", "--preview-only", "--expect-no-changes");
    expect(drift.code).toBe(7);
    expect(drift.output).toContain("~ 4 to update");
    await project.succeed("refresh", "--yes", "--skip-preview");
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("~ 4 updated");
    const [row] = await server.query(
      `SELECT has_table_privilege('${app}', 'reports.sale', 'INSERT') AS inserts,
         has_database_privilege('${app}', '${shop}', 'CONNECT') AS connects,
         (SELECT rolconnlimit FROM pg_roles WHERE rolname = '${app}') AS limit,
         (SELECT defaclacl::text FROM pg_default_acl) AS later`,
      shop,
    );
    expect(row).toMatchObject({ inserts: true, connects: true, limit: 7 });
    expect(row?.["later"]).toContain(`${app}=ar/`);
    await project.succeed("refresh", "--preview-only", "--expect-no-changes");
  });

  it("makes a role anew that was dropped by hand, with its grants", async () => {
    await server.query(`DROP OWNED BY "${app}"`, shop);
    await server.query(`DROP OWNED BY "${app}"; DROP ROLE "${app}"`);
    // The role, three grants to it and its default privileges.
    expect(await project.succeed("refresh", "--yes", "--skip-preview")).toContain("- 5 deleted");
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("+ 5 created");
    expect(await server.queryAs(app, password, "SELECT count(*)::int AS rows FROM reports.sale", shop)).toEqual([
      { rows: 0 },
    ]);
  });

  it("changes role, database and privileges in place", async () => {
    const variation = {
      appPassword: secondPassword,
      appRole: "connectionLimit: 9",
      databaseSettings: "connectionLimit: 50",
      tablePrivileges: '["SELECT"]',
    };
    await project.program(program(variation));
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("~ 3 updated");
    const [row] = await server.query(
      `SELECT rolconnlimit, rolconfig, rolvaliduntil::text AS until,
         (SELECT datconnlimit FROM pg_database WHERE datname = '${shop}') AS "databaseLimit",
         has_table_privilege('${app}', 'reports.sale', 'INSERT') AS inserts
       FROM pg_roles WHERE rolname = '${app}'`,
      shop,
    );
    expect(row).toEqual({
      rolconnlimit: 9,
      rolconfig: null,
      until: "infinity",
      databaseLimit: 50,
      inserts: false,
    });
    expect(await server.queryAs(app, secondPassword, "SELECT 1 AS one", shop)).toEqual([{ one: 1 }]);
    await expect(server.queryAs(app, password, "SELECT 1", shop)).rejects.toThrow("password authentication failed");
    expect((await project.state()).text).not.toContain(secondPassword);
    await project.succeed("refresh", "--preview-only", "--expect-no-changes");
  });

  it("replaces a database whose collation changes, with what is in it", async () => {
    await project.program(program({ databaseSettings: 'lcCollate: "C.UTF-8"' }));
    expect(await project.succeed("preview", "--diff")).toMatch(/\+-postgresql:index\/database:Database: \(replace\)/);
    await project.succeed("up", "--yes", "--skip-preview");
    const [row] = await server.query(`SELECT datcollate::text AS collate FROM pg_database WHERE datname = '${shop}'`);
    expect(row).toEqual({ collate: "C.UTF-8" });
    expect(
      await server.query("SELECT nspname::text AS name FROM pg_namespace WHERE nspname = 'reports'", shop),
    ).toEqual([{ name: "reports" }]);
    await project.succeed("refresh", "--preview-only", "--expect-no-changes");
  });

  it("renames a role in place and finds it again", async () => {
    const renamed = `renamed_${suffix}`;
    const extra = (name: string) => `new pg.Role("guest", { name: "${name}" }, options);`;
    const databaseSettings = 'lcCollate: "C.UTF-8"';
    await project.program(program({ databaseSettings, extra: extra(`guest_${suffix}`) }));
    await project.succeed("up", "--yes", "--skip-preview");
    await project.program(program({ databaseSettings, extra: extra(renamed) }));
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("~ 1 updated");
    await project.succeed("refresh", "--preview-only", "--expect-no-changes");
    await project.program(program({ databaseSettings }));
    expect(await project.succeed("up", "--yes", "--skip-preview")).toContain("- 1 deleted");
    expect(await server.query(`SELECT FROM pg_roles WHERE rolname = '${renamed}'`)).toEqual([]);
  });

  it("refuses, by name, what it does not cover", async () => {
    const databaseSettings = 'lcCollate: "C.UTF-8"';
    const refused = async (extra: string): Promise<string> => {
      await project.program(program({ databaseSettings, extra }));
      const { code, output } = await project.pulumi("preview");
      expect(code).not.toBe(0);
      expect(output).toContain("stand-in of the postgresql plugin");
      return output;
    };
    expect(await refused('new pg.Role("x", { passwordWo: "y" }, options);')).toContain('"passwordWo"');
    expect(await refused('new pg.Publication("x", { database: "y" }, options);')).toContain(
      "postgresql:index/publication:Publication",
    );
    expect(await refused('await pg.getTables({ database: "y" }, options);')).toContain(
      "postgresql:index/getTables:getTables",
    );
    expect(
      await refused('new pg.Role("x", {}, { provider: new pg.Provider("y", { clientcert: { cert: "", key: "" } }) });'),
    ).toContain('"clientcert"');
  });

  it("says what is wrong with a privilege before anything is changed", async () => {
    await project.program(program({ databaseSettings: 'lcCollate: "C.UTF-8"', tablePrivileges: '["READ"]' }));
    const { code, output } = await project.pulumi("preview");
    expect(code).not.toBe(0);
    expect(output).toContain("a privilege on a table must be one of ALL, SELECT,");
    expect(output).toContain('found "READ"');
  });

  it("shows PostgreSQL's own message and never the password", async () => {
    const extra = `new pg.Role("twice", { name: "${owner}", password: "${secondPassword}" }, options);`;
    await project.program(program({ databaseSettings: 'lcCollate: "C.UTF-8"', extra }));
    const { code, output } = await project.pulumi("up", "--yes", "--skip-preview");
    expect(code).not.toBe(0);
    expect(output).toContain(`role "${owner}" already exists (SQLSTATE 42710)`);
    expect(output).not.toContain(secondPassword);
  });

  it("leaves nothing behind", async () => {
    expect(await project.succeed("destroy", "--yes", "--skip-preview")).toContain("deleted");
    expect(await server.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE '%${suffix}'`)).toEqual([]);
    expect(await server.query(`SELECT datname FROM pg_database WHERE datname = '${shop}'`)).toEqual([]);
  });
});
