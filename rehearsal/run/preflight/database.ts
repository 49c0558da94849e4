import type pg from "pg";
import { withConnection } from "../../../engine/postgres.ts";
import type { Finding } from "../../finding.ts";
import { readMigrations } from "../../snapshot/catalogue.ts";
import type { RunContext } from "../context.ts";
import { invalidIndexes } from "../database/data/indexes.ts";
import { connectionFindings } from "../database/headroom/connections.ts";
import { databaseHeadroom } from "../database/headroom/headroom.ts";
import { storagePlaces } from "../database/headroom/storage.ts";
import { guard } from "../database/look.ts";
import { type DescribedDatabase, describeDatabase } from "../drift/declared-database.ts";
import { loginFindings } from "../prepare/database.ts";
import { type DeployedProduction, ofProduction, type ProductionDemands } from "./production.ts";
import { type ServerFacts, serverFacts, serverFindings } from "./server.ts";

/** What was read of production's database. */
export interface ProductionDatabase {
  readonly findings: readonly Finding[];
  /** Undefined where it could not be reached. */
  readonly read:
    | {
        /** `app.name` in the order of their application. */
        readonly applied: readonly string[];
        readonly server: ServerFacts;
        readonly described: DescribedDatabase;
        readonly databaseBytes: number;
        /** Least that is free where the server keeps files; undefined where it cannot be told. */
        readonly freeBytes: number | undefined;
      }
    | undefined;
}

interface OwnFacts {
  readonly applied: string[];
  readonly server: ServerFacts;
  readonly described: DescribedDatabase;
  readonly databaseBytes: number;
  readonly maxConnections: number;
  /** Extensions that the server has files of. */
  readonly available: readonly string[];
}

const FACTS = `
  SELECT pg_database_size(current_database())::float8 AS bytes, current_setting('max_connections')::int AS connections,
    (SELECT coalesce(array_agg(name::text), '{}') FROM pg_available_extensions) AS available`;
/** For what nothing can be said without. */
const FACTS_MILLISECONDS = 20_000;
/** PostgreSQL's default, which environments keep. */
const RESERVED = 3;

/** Looks at production's database, in transactions that only read, wait for no lock and are rolled back. */
export async function productionDatabase(
  context: RunContext,
  stack: string,
  environment: string,
  demands: ProductionDemands,
  deployed: DeployedProduction,
): Promise<ProductionDatabase> {
  const logins = (await loginFindings(deployed)).map((finding) => ofProduction(stack, finding));
  const { ownServer, users, maxConnections } = demands.database;
  let facts: OwnFacts;
  try {
    facts = await reading(deployed.administration, (client) => ownFacts(client, ownServer));
  } catch (error) {
    return { findings: [...logins, unreachable(stack, deployed, error)], read: undefined };
  }
  // The deployment sets what is declared.
  const changes = ownServer && maxConnections !== facts.maxConnections;
  const storage = ownServer ? await storagePlaces(demands.engine, `${environment}-database`) : undefined;
  const headroom = await databaseHeadroom(deployed.administration, {
    users: changes ? [] : users,
    extensions: deployed.extensions,
    storage,
    roles: ownServer ? undefined : deployed.logins.map(({ address }) => address.username),
    signal: context.signal,
  });
  const wanted = changes
    ? connectionFindings({ most: maxConnections, reserved: RESERVED, used: 0, databaseLimit: -1, roles: [] }, users)
    : [];
  // Snapshots do not have them: what stands half-way in production alone is seen nowhere else.
  const invalid = await reading(deployed.administration, invalidIndexes);
  const rehearsed = await reading(context.administration, serverFacts);
  const free = storage?.map(({ freeBytes }) => freeBytes);
  return {
    findings: [
      ...logins,
      ...[...headroom, ...wanted, ...invalid].map((finding) => ofProduction(stack, finding)),
      ...serverFindings(stack, facts.server, rehearsed, ownServer && context.ownServer),
      ...(ownServer ? [] : extensionFindings(stack, demands.database.extensions, facts.available)),
    ],
    read: {
      applied: facts.applied,
      server: facts.server,
      described: facts.described,
      databaseBytes: facts.databaseBytes,
      freeBytes: free === undefined ? undefined : Math.min(...free),
    },
  };
}

/** Extensions that the deployment creates and the server, which somebody else runs, has no files of. */
export function extensionFindings(stack: string, declared: readonly string[], available: readonly string[]): Finding[] {
  return declared
    .filter((name) => !available.includes(name))
    .map((name) => ({
      id: "preflight.extension",
      severity: "blocking",
      subject: `${stack}, extension ${name}`,
      cause: "it is declared, and the server has no files of it",
      consequence: "The deployment stops where it creates the extension.",
      remedy: "Have its package installed on the server, or ask its provider to allow it.",
    }));
}

async function ownFacts(client: pg.Client, ownServer: boolean): Promise<OwnFacts> {
  const { rows } = await client.query<{ bytes: number; connections: number; available: string[] }>(FACTS);
  const { bytes = 0, connections = 0, available = [] } = rows[0] ?? {};
  return {
    applied: await readMigrations(client),
    server: await serverFacts(client),
    described: await describeDatabase(client, ownServer),
    databaseBytes: bytes,
    maxConnections: connections,
    available,
  };
}

async function reading<T>(
  address: DeployedProduction["administration"],
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return await withConnection(address, async (client) => {
    await client.query("BEGIN READ ONLY");
    try {
      await guard(client, FACTS_MILLISECONDS);
      return await work(client);
    } finally {
      await client.query("ROLLBACK");
    }
  });
}

function unreachable(
  stack: string,
  { administration: { host, port, username } }: DeployedProduction,
  error: unknown,
): Finding {
  return {
    id: "preflight.database-unreachable",
    severity: "blocking",
    subject: `the database of ${stack}`,
    cause: `${username} cannot read it at ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`,
    consequence:
      "Whether it has room, numbers of keys and connections left, and takes the release's migrations, is not known; nor can the release be deployed from here.",
    remedy: "See to it that it runs and can be reached from here, as pulumi up must reach it too.",
  };
}
