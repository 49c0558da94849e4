import type pg from "pg";
import { withConnection } from "../../engine/postgres.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";

type WorkerRole = "app" | "etl" | "report";

const ROW_RIGHTS = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;
/** Which rights on tables each role has; every other one it must not have. */
const DECLARED: Record<WorkerRole, readonly string[]> = { app: ROW_RIGHTS, etl: ROW_RIGHTS, report: ["SELECT"] };

/** Rights that were widened by hand make every other promise about data void. */
export const databaseRoles: Check = {
  id: "database.roles",
  title: "the database's roles have the rights that are declared, and no more",
  cause: "Rights that were granted or taken by hand, or tables that somebody else than the owner made.",
  consequence: "Queries fail for want of rights, or the application can change the schema and the report can write.",
  remedy: "Run pulumi up --refresh, and take back what was granted by hand.",
  run: async (environment) =>
    await withConnection(environment.database, async (client) => [
      ...(await attributes(client, environment)),
      ...(await tableRights(client, environment)),
      ...(await schemaRights(client, environment)),
    ]),
};

async function attributes(client: pg.Client, { roles }: DeployedEnvironment): Promise<Finding[]> {
  const { rows } = await client.query<{ rolname: string; powers: string[]; login: boolean }>(
    `SELECT rolname, rolcanlogin AS login, array_remove(ARRAY[
       CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcreaterole THEN 'CREATEROLE' END,
       CASE WHEN rolcreatedb THEN 'CREATEDB' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
       CASE WHEN rolbypassrls THEN 'BYPASSRLS' END], NULL)
       || ARRAY(SELECT 'member of ' || g.rolname FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)
       AS powers FROM pg_roles r WHERE rolname = ANY ($1)`,
    [Object.values(roles)],
  );
  return Object.values(roles).flatMap((role) => {
    const found = rows.find(({ rolname }) => rolname === role);
    if (found === undefined) return [{ expected: `role ${role}`, seen: "none" }];
    if (!found.login) return [{ expected: `role ${role} that can log in`, seen: "it cannot" }];
    return found.powers.length === 0
      ? []
      : [{ expected: `role ${role} without powers beyond its tables`, seen: found.powers.join(", ") }];
  });
}

async function tableRights(client: pg.Client, { roles }: DeployedEnvironment): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const role of ["app", "etl", "report"] as const) {
    const { rows } = await client.query<{ name: string; owner: string; held: string[] }>(
      `SELECT c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
         ARRAY(SELECT p FROM unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) p
               WHERE has_table_privilege($1, c.oid, p)) AS held
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
         AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1`,
      [roles[role]],
    );
    for (const { name, owner, held } of rows) {
      if (owner !== roles.owner) findings.push({ expected: `table ${name} owned by ${roles.owner}`, seen: owner });
      const [lacking, extra] = [
        DECLARED[role].filter((r) => !held.includes(r)),
        held.filter((r) => !DECLARED[role].includes(r)),
      ];
      if (lacking.length + extra.length > 0) {
        findings.push({
          expected: `${roles[role]} on table ${name}: ${DECLARED[role].join(", ")}`,
          seen: held.join(", ") || "no right",
        });
      }
    }
  }
  return findings;
}

async function schemaRights(client: pg.Client, { roles, database }: DeployedEnvironment): Promise<Finding[]> {
  const { rows } = await client.query<{ role: string }>(
    `SELECT r AS role FROM unnest($1::text[]) r
     WHERE has_schema_privilege(r, 'public', 'CREATE') OR has_database_privilege(r, $2, 'CREATE')`,
    [[roles.app, roles.etl, roles.report], database.database],
  );
  return rows.map(({ role }) => ({ expected: `role ${role} that cannot create objects`, seen: "it can" }));
}
