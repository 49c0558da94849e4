import { type PostgresAddress, withConnection } from "../../../engine/postgres.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import type { Finding } from "../../finding.ts";
import { planFindings } from "../../migration/findings/plan.ts";
import { readPlan } from "../../migration/migrate.ts";
import { readTables } from "../../snapshot/catalogue.ts";
import { listSnapshots, SNAPSHOT_LABEL } from "../../snapshot/snapshot-image.ts";
import type { RoleLogin, RunContext } from "../context.ts";

/** Roles of the environment that cannot log in. */
export async function loginFindings({ logins }: Pick<RunContext, "logins">): Promise<Finding[]> {
  const findings = await Promise.all(logins.map((login) => loginFinding(login)));
  return findings.flat();
}

async function loginFinding({ role, address }: RoleLogin): Promise<Finding[]> {
  try {
    await withConnection(address, (client) => client.query("SELECT 1"));
    return [];
  } catch (error) {
    return [
      {
        id: "prepare.database-unreachable",
        severity: "blocking",
        subject: `role ${role}`,
        cause: `${address.username} cannot log in to ${place(address)}: ${error instanceof Error ? error.message : String(error)}`,
        consequence: "The processes that work in this role fail.",
        remedy: "Look at the database's log, and put roles and passwords back with: pulumi up --refresh",
      },
    ];
  }
}

/** Migrations of the running release that are not applied, and changes that no migration brings about. */
export async function migrationFindings(context: RunContext): Promise<{ applied: number; findings: Finding[] }> {
  const { process, environment, ownerUrl, dataNetwork } = context;
  const plan = await readPlan(context.engine, {
    name: `${environment}-run`,
    image: process.image,
    environment: process.environment,
    secrets: { ...process.secrets, DATABASE_URL: ownerUrl, REPORT_DATABASE_URL: ownerUrl },
    networks: [dataNetwork],
    memoryBytes: process.memoryBytes,
    labels: temporaryLabels(),
  });
  const [first] = plan.pending;
  const findings = planFindings({ ...plan, lint: [] }).filter(({ severity }) => severity === "blocking");
  if (first === undefined) return { applied: plan.applied, findings };
  const names = plan.pending.map(({ app, name }) => `${app}.${name}`);
  const more = names.length > 1 ? ` and ${names.length - 1} more` : "";
  findings.push({
    id: "prepare.migrations-pending",
    severity: "blocking",
    subject: `${first.app}.${first.name}${more}`,
    cause: `the running release has migrations that the database has not: ${names.slice(0, 5).join(", ")}${more}`,
    consequence: "The code asks the database for what is not there.",
    remedy: "Deploy again, which migrates first: pulumi up",
    evidence: names,
  });
  return { applied: plan.applied, findings };
}

/** Tables without a row of which the snapshot that the database started from has some. */
export async function dataFindings({ engine, environment, administration }: RunContext): Promise<{
  readonly snapshot: string | undefined;
  readonly findings: Finding[];
}> {
  const containers = await engine.listContainers({ filters: { name: [`^/${environment}-database$`] } });
  const id = containers[0]?.Labels[SNAPSHOT_LABEL];
  const project = containers[0]?.Labels[`${SNAPSHOT_LABEL}.project`];
  if (id === undefined || project === undefined) return { snapshot: undefined, findings: [] };
  const snapshot = (await listSnapshots(engine, project)).find((one) => one.id === id);
  if (snapshot === undefined) return { snapshot: id, findings: [] };
  const empty = await emptyTables(administration);
  return { snapshot: id, findings: emptyFindings(empty, snapshot.rows, id) };
}

/** What follows from tables that are empty, with the rows that the snapshot has of each. */
export function emptyFindings(
  empty: readonly string[],
  rows: Readonly<Record<string, number>>,
  snapshot: string,
): Finding[] {
  const lost = empty.filter((table) => (rows[table] ?? 0) > 0);
  const [first] = lost;
  if (first === undefined) return [];
  const filled = Object.values(rows).filter((count) => count > 0).length;
  const all = lost.length === filled;
  return [
    {
      id: "prepare.data-missing",
      severity: all ? "blocking" : "warning",
      subject: all ? "all tables" : `${first}${lost.length > 1 ? ` and ${lost.length - 1} more` : ""}`,
      cause: `snapshot ${snapshot} has ${rows[first] ?? 0} rows in ${first}, and the database none${lost.length > 1 ? "; likewise others" : ""}`,
      consequence: "What the release does with data is rehearsed on nothing.",
      remedy:
        "Start the database from the snapshot again, or take a new snapshot where the table is meant to be empty.",
      evidence: lost.map((table) => `${table}: ${rows[table] ?? 0} rows in the snapshot`),
    },
  ];
}

async function emptyTables(address: PostgresAddress): Promise<string[]> {
  return await withConnection(address, async (client) => {
    const empty: string[] = [];
    for (const { schema, name } of await readTables(client)) {
      const table = `${client.escapeIdentifier(schema)}.${client.escapeIdentifier(name)}`;
      const { rowCount } = await client.query(`SELECT FROM ${table} LIMIT 1`);
      if (rowCount === 0) empty.push(`${schema}.${name}`);
    }
    return empty;
  });
}

function place({ host, port, database }: PostgresAddress): string {
  return `${host}:${port}/${database}`;
}
