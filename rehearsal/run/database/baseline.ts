import type Docker from "dockerode";
import { withConnection } from "../../../engine/postgres.ts";
import { removeServer, startWorkServer } from "../../snapshot/server-container.ts";
import { listSnapshots, SNAPSHOT_DATABASE, SNAPSHOT_LABEL, type Snapshot } from "../../snapshot/snapshot-image.ts";
import { readIndexes } from "./data/tables.ts";
import { guard } from "./look.ts";
import type { Planned } from "./queries/compare.ts";
import type { MainQuery } from "./queries/main-queries.ts";
import { planQueries } from "./queries/plans.ts";

/** The snapshot that the database of an environment started from; undefined where it did not, or it is gone. */
export async function startedFrom(engine: Docker, environment: string): Promise<Snapshot | undefined> {
  const containers = await engine.listContainers({ filters: { name: [`^/${environment}-database$`] } });
  const id = containers[0]?.Labels[SNAPSHOT_LABEL];
  const project = containers[0]?.Labels[`${SNAPSHOT_LABEL}.project`];
  if (id === undefined || project === undefined) return undefined;
  return (await listSnapshots(engine, project)).find((snapshot) => snapshot.id === id);
}

/** What the planner could do with a snapshot as it was taken: with production's schema, before any migration since. */
export async function plannedOnSnapshot(
  engine: Docker,
  { image }: Snapshot,
  queries: readonly MainQuery[],
  signal: AbortSignal,
): Promise<Planned> {
  const server = await startWorkServer(engine, image, "plans", ["autovacuum=off", "fsync=off"], signal);
  try {
    return await withConnection({ ...server.address, database: SNAPSHOT_DATABASE }, async (client) => {
      await client.query("BEGIN");
      await guard(client);
      const indexes = await readIndexes(client);
      return { indexes, plans: await planQueries(client, queries) };
    });
  } finally {
    await removeServer(server.container);
  }
}
