import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startPostgres, type TestPostgres } from "../support/postgres-server.ts";
import { type CliProject, createCliProject } from "./framework-cli.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const suffix = randomBytes(4).toString("hex");
const admin = `admin_${suffix}`;
const owner = `owner_${suffix}`;
const reader = `reader_${suffix}`;
const shop = `shop_${suffix}`;

let server: TestPostgres;
let project: CliProject;

beforeAll(async () => {
  server = await startPostgres();
  const password = randomBytes(12).toString("hex");
  await server.query(`CREATE ROLE "${admin}" LOGIN CREATEROLE CREATEDB PASSWORD '${password}'`);
  project = await createCliProject([
    { name: "postgresql", version: "3.18.1" },
    { name: "random", version: "4.21.2" },
  ]);
  await project.succeed("config", "set", "--secret", "password", password);
  await project.program(`
import * as pulumi from "@pulumi/pulumi";
import * as pg from "@pulumi/postgresql";
import * as random from "@pulumi/random";
// Part of the provider's configuration is not known before the first update.
const database = new random.RandomString("database", { length: 1, keepers: { is: "postgres" } });
const provider = new pg.Provider("server", { host: "${server.host}", port: ${server.port}, superuser: false,
  username: "${admin}", password: new pulumi.Config().requireSecret("password"), sslmode: "disable",
  database: database.result.apply(() => "postgres") });
const options = { provider };
const owner = new pg.Role("owner", { name: "${owner}" }, options);
const reader = new pg.Role("reader", { name: "${reader}" }, options);
const shop = new pg.Database("shop", { name: "${shop}", owner: owner.name }, options);
const schema = new pg.Schema("reports", { name: "reports", database: shop.name, owner: owner.name }, options);
new pg.Grant("usage", { database: shop.name, role: reader.name, schema: schema.name, objectType: "schema",
  privileges: ["USAGE"] }, options);
new pg.DefaultPrivileges("later", { database: shop.name, owner: owner.name, role: reader.name, schema: schema.name,
  objectType: "table", privileges: ["SELECT"] }, options);
`);
});

afterAll(async () => {
  await project.pulumi("destroy", "--yes", "--skip-preview");
  await server.query(`DROP ROLE "${admin}"`);
  await project.remove();
  await server.stop();
});

async function memberships(): Promise<Record<string, unknown>[]> {
  return server.query(
    `SELECT FROM pg_auth_members WHERE member = '${admin}'::regrole AND grantor = '${admin}'::regrole`,
  );
}

describe("the postgresql stand-in as a user that may create roles and databases, but is no superuser", () => {
  it("previews while the provider's configuration is not known", async () => {
    expect(await project.succeed("preview")).toContain("+ 9 to create");
  });

  it("acts for the owners of what it changes, and is no member of them afterwards", async () => {
    await project.succeed("up", "--yes", "--skip-preview");
    const [row] = await server.query(
      `SELECT pg_get_userbyid(nspowner)::text AS owner, has_schema_privilege('${reader}', 'reports', 'USAGE') AS uses
       FROM pg_namespace WHERE nspname = 'reports'`,
      shop,
    );
    expect(row).toEqual({ owner, uses: true });
    await server.query(`SET ROLE "${owner}"; CREATE TABLE reports.sale (id int)`, shop);
    expect(
      await server.query(`SELECT has_table_privilege('${reader}', 'reports.sale', 'SELECT') AS reads`, shop),
    ).toEqual([{ reads: true }]);
    expect(await memberships()).toEqual([]);
    await server.query("DROP TABLE reports.sale", shop);
    await project.succeed("refresh", "--preview-only", "--expect-no-changes");
  });

  it("takes all of it away again", async () => {
    await project.succeed("destroy", "--yes", "--skip-preview");
    expect(await server.query(`SELECT FROM pg_roles WHERE rolname IN ('${owner}', '${reader}')`)).toEqual([]);
  });
});
