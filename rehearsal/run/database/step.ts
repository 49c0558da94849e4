import { readFileSync } from "node:fs";
import pg from "pg";
import { withConnection } from "../../../engine/postgres.ts";
import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { count, counted } from "../../report/format.ts";
import type { Snapshot } from "../../snapshot/snapshot-image.ts";
import type { RunContext } from "../context.ts";
import { words } from "../drift/flat.ts";
import type { RunStep } from "../step.ts";
import { plannedOnSnapshot, startedFrom } from "./baseline.ts";
import { connectionUsers } from "./connection-users.ts";
import { countValues, emptiedFindings } from "./data/columns.ts";
import { constraintFindings } from "./data/constraints.ts";
import { brokenIndexes, invalidIndexes } from "./data/indexes.ts";
import { readRemovals, removalFindings } from "./data/removals.ts";
import { countRows, databaseIdentity, neglectedTables, readIndexes, rowFindings } from "./data/tables.ts";
import { tryWrites } from "./data/writes.ts";
import { headroomLooks } from "./headroom/headroom.ts";
import { readKeys } from "./headroom/key-facts.ts";
import { keyPositions } from "./headroom/keys.ts";
import { storagePlaces } from "./headroom/storage.ts";
import { type DatabaseState, keepState, keptStates } from "./keep.ts";
import { attempt, guard, lookAt, notLookedAt } from "./look.ts";
import { type Planned, planFindings } from "./queries/compare.ts";
import { broughtQueries, countedQueries, type MainQuery, parseQueries } from "./queries/main-queries.ts";
import { planQueries } from "./queries/plans.ts";
import { queryResults, resultFindings } from "./queries/results.ts";
import { taskAddresses } from "./task-addresses.ts";

/** For what nothing can be said without. */
const STATE_MILLISECONDS = 20_000;
const OWN_TABLES =
  "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";

/** What a database is compared with. */
interface Before {
  /** In words. */
  readonly name: string;
  readonly planned: Planned;
}

/** What a release leaves of the data, and how long the database goes on as it is. */
export const database: RunStep = {
  id: "database",
  title: "the database is sound",
  run: async (context) => {
    const kept = await keptStates(context.reports, context.environment);
    const queries = await mainQueries(context);
    const now = await readState(context, queries);
    // Rows and numbers of another database say nothing of this one.
    const same = kept.filter((state) => state.database === now.database);
    const [sameBefore] = same;
    const oldest = same.at(-1);
    const releaseBefore = same.find(({ release }) => release !== context.release);
    const snapshot = await startedFrom(context.engine, context.environment);
    const findings: Finding[] = [
      ...(await lookAt(context.administration, await looks(context, oldest), context.signal)),
      ...rowFindings(new Map(Object.entries(now.rows)), sameBefore?.rows ?? {}, "the rehearsal before"),
      ...(sameBefore === undefined ? [] : emptiedFindings(now, sameBefore, "the rehearsal before")),
      ...resultFindings(now.results, releaseBefore?.results ?? {}, `release ${releaseBefore?.release ?? ""}`),
      ...newRemovals(
        now,
        kept.find(({ release }) => release !== context.release),
        sameBefore?.rows ?? snapshot?.rows ?? {},
      ),
      ...(await comparedPlans(context, queries, now, kept, snapshot)),
      ...(now.indexes === null ? [notLookedAt("definitions of indexes", "somebody holds a lock on a table")] : []),
    ];
    const writes = await Promise.all(
      context.logins.map(({ role, address }) => tryWrites(role, address, context.signal)),
    );
    findings.push(...writes.flatMap((write) => write.findings));
    // What a release that was stopped leaves is nothing to compare the next one with.
    if (!stops(withDecisions(findings, context.accepted))) await keepState(context.reports, now);
    const rows = Object.values(now.rows).reduce((sum, of) => sum + of, 0);
    return {
      detail:
        `${counted(Object.keys(now.rows).length, "table")} with ${count(rows)} rows, ${counted(now.indexes?.length ?? 0, "index", "indexes")}, ` +
        `${counted(queries.length, "main query", "main queries")}, writes as ${counted(context.logins.length, "role")}`,
      findings: findings.filter((finding, index) => firstOf(findings, finding) === index),
    };
  },
};

/** One index may be told of twice: once for its order, once for its table. */
function firstOf(findings: readonly Finding[], { id, subject, cause }: Finding): number {
  return findings.findIndex((one) => one.id === id && one.subject === subject && one.cause === cause);
}

async function looks(context: RunContext, oldest: DatabaseState | undefined) {
  const { engine, environment, declaration, ownServer } = context;
  const services = declaration.services.map(({ name }) => name);
  const storage = ownServer ? await storagePlaces(engine, `${environment}-database`) : undefined;
  return [
    ...headroomLooks({
      keys: oldest === undefined ? undefined : { takenAt: oldest.takenAt, values: oldest.keys },
      size: oldest,
      users: await connectionUsers(context),
      extensions: declaration.extensions.map(({ name, inputs }) => {
        const version = words(inputs["version"]);
        return version === "" ? { name } : { name, version };
      }),
      storage,
      // Whoever connects to another's server may be its own.
      tasks: ownServer ? await taskAddresses(engine, services) : undefined,
      roles: ownServer ? undefined : context.logins.map(({ address }) => address.username),
    }),
    { what: "tables that nobody looks after", look: neglectedTables },
    { what: "half-built indexes", look: invalidIndexes },
    { what: "constraints", look: constraintFindings },
    { what: "order of indexes", look: brokenIndexes, writes: true as const },
  ];
}

/** The setting's queries, else what the server or the snapshot has counted. */
async function mainQueries({ queries: file = "none", administration, ownServer }: RunContext): Promise<MainQuery[]> {
  const own = file === "none" ? [] : parseQueries(readFileSync(file, "utf8"), file);
  const known = await withConnection(administration, async (client) => {
    await client.query("BEGIN");
    try {
      await guard(client);
      const { rows } = await client.query<{ name: string }>(OWN_TABLES);
      const tables = rows.map(({ name }) => name);
      return { tables, counted: await countedQueries(client, tables) };
    } catch (error) {
      if (error instanceof pg.DatabaseError) return { tables: [], counted: [] };
      throw error;
    } finally {
      await client.query("ROLLBACK");
    }
  });
  const brought = ownServer ? await broughtQueries(administration, known.tables) : [];
  const all = [...own, ...brought, ...known.counted];
  return all.filter(({ name }, index) => all.findIndex((one) => one.name === name) === index);
}

/**
 * @param rows that this database had: when it was looked at last, else those of the snapshot that it started from
 */
function newRemovals(
  now: DatabaseState,
  before: DatabaseState | undefined,
  rows: Readonly<DatabaseState["rows"]>,
): Finding[] {
  if (before?.removals === undefined || now.removals === undefined) return [];
  return removalFindings(
    { removals: now.removals, rows: now.rows },
    { removals: before.removals, rows },
    `release ${before.release}`,
  );
}

async function removalsOf({ administration, logins }: RunContext): Promise<DatabaseState["removals"]> {
  const role = logins.find((login) => login.role === "etl")?.address.username;
  if (role === undefined) return undefined;
  return await withConnection(administration, async (client) => {
    await client.query("BEGIN");
    try {
      await guard(client);
      return await readRemovals(client, role);
    } finally {
      await client.query("ROLLBACK");
    }
  });
}

async function readState(context: RunContext, queries: readonly MainQuery[]): Promise<DatabaseState> {
  const { administration, environment, release } = context;
  const removals = await removalsOf(context);
  return await withConnection(administration, async (client) => {
    await client.query("BEGIN READ ONLY");
    try {
      await guard(client, STATE_MILLISECONDS);
      const rows = await countRows(client);
      const values = await countValues(client);
      const { identity, bytes } = await databaseIdentity(client);
      const keys = await attempt(client, () => readKeys(client, (work) => attempt(client, work)));
      // The definition of an index waits for who has its table.
      const indexes = await attempt(client, () => readIndexes(client));
      const plans = await planQueries(client, queries);
      const results = await queryResults(client, queries, plans, rows);
      return {
        version: 1,
        environment,
        release,
        takenAt: new Date().toISOString(),
        database: identity,
        databaseBytes: bytes,
        rows: Object.fromEntries(rows),
        values,
        ...(removals === undefined ? {} : { removals }),
        keys: "value" in keys ? { ...keyPositions(keys.value).values } : {},
        plans: plans.map((plan) => ({ ...plan, reads: { ...plan.reads } })),
        indexes: "value" in indexes ? indexes.value : null,
        results: { ...results },
      };
    } finally {
      await client.query("ROLLBACK");
    }
  });
}

/** Against the release before; where none was rehearsed here, against the snapshot as it was taken. */
async function comparedPlans(
  context: RunContext,
  queries: readonly MainQuery[],
  now: DatabaseState,
  kept: readonly DatabaseState[],
  snapshot: Snapshot | undefined,
): Promise<Finding[]> {
  const rows = new Map(
    Object.entries(now.rows).map(([table, here]) => [table, Math.max(here, snapshot?.rows[table] ?? 0)] as const),
  );
  const findings =
    snapshot === undefined ? [] : rowFindings(new Map(Object.entries(now.rows)), snapshot.rows, "the snapshot");
  const earlier = kept.find(({ release }) => release !== context.release) ?? kept[0];
  const befores: Before[] = [];
  if (earlier !== undefined) {
    const name = earlier.release === context.release ? "the rehearsal before" : `release ${earlier.release}`;
    befores.push({ name, planned: earlier as Planned });
  } else if (snapshot !== undefined) {
    try {
      const planned = await plannedOnSnapshot(context.engine, snapshot, queries, context.signal);
      befores.push({ name: "the snapshot", planned });
    } catch (error) {
      context.signal.throwIfAborted();
      findings.push(notLookedAt("plans on the snapshot", error instanceof Error ? error.message : String(error)));
    }
  }
  const [before] = befores;
  const planned = before?.planned ?? { plans: [], indexes: [] };
  return [...findings, ...planFindings(now as Planned, planned, queries, rows, before?.name ?? "")];
}
