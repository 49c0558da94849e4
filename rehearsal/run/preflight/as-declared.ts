import { withConnection } from "../../../engine/postgres.ts";
import type { Finding } from "../../finding.ts";
import type { RunContext } from "../context.ts";
import { describedFindings } from "../drift/database.ts";
import { type DescribedDatabase, describeDatabase } from "../drift/declared-database.ts";
import { engineFindings } from "../drift/engine-objects.ts";
import { undeclaredFindings } from "../drift/undeclared.ts";
import { withDeclaredDatabase } from "../throw-away-database.ts";
import { type DeployedProduction, ofProduction, type Production, type ProductionDemands } from "./production.ts";
import { schemaFindings } from "./schema.ts";
import { serverVersion } from "./server.ts";

/** What a database is, and the `server_version_num` of its server. */
export interface VersionedDatabase extends DescribedDatabase {
  readonly version: number;
}

/** What became of the release's migrations in production's database, `app.name`. */
export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
}

const KIND = "preflight";
const DATABASE = "as_in_production";

/** What runs in production and is not what its stack declares: the deployment takes it away, or stumbles over it. */
export async function engineAsDeclared(
  { signal }: RunContext,
  { stack, environment }: Production,
  { engine }: ProductionDemands,
  { declaration }: DeployedProduction,
): Promise<Finding[]> {
  const subject = { engine, environment, declaration, signal };
  const findings = [...(await engineFindings(subject)), ...(await undeclaredFindings(subject))];
  return findings.map((finding) => ofProduction(stack, finding));
}

/**
 * What of production's database is not as its stack and the migrations say that it has applied.
 *
 * @throws Error with the release's own words where its migrations cannot be run from zero
 */
export async function databaseAsDeclared(
  context: RunContext,
  stack: string,
  ownServer: boolean,
  { declaration, administration }: DeployedProduction,
  migrations: MigrationState,
  found: VersionedDatabase,
): Promise<Finding[]> {
  const ofStack: RunContext = { ...context, declaration, administration, ownServer };
  const { before, after } = await expected(ofStack, migrations);
  const rights = describedFindings(before, found, {
    administrator: administration.username,
    ownServer,
    roles: declaration.roles.map(({ name }) => name),
  }).filter(({ id }) => !["drift.schema", "drift.index", "drift.extension"].includes(id));
  return [
    ...schemaFindings(stack, before, after.catalogue, found),
    ...rights.map((finding) => ofProduction(stack, finding)),
  ];
}

/** Builds what production's database must be by its history, and what all of the release's migrations leave behind. */
async function expected(
  context: RunContext,
  { applied, pending }: MigrationState,
): Promise<{ before: VersionedDatabase; after: VersionedDatabase }> {
  return await withDeclaredDatabase(context, KIND, async ({ address, beside }) => {
    const describe = async (database: string) =>
      await withConnection({ ...address, database }, async (client) => ({
        ...(await describeDatabase(client, context.ownServer)),
        version: await serverVersion(client),
      }));
    const after = await describe(address.database);
    if (pending.length === 0) return { before: after, after };
    await beside(DATABASE, context.process.image, applied);
    return { before: await describe(DATABASE), after };
  });
}
