import type Docker from "dockerode";
import { runOneShot } from "../../engine/one-shot.ts";
import { withConnection } from "../../engine/postgres.ts";
import { type CatalogueDescription, describeCatalogue } from "../snapshot/catalogue-description.ts";
import type { Clone } from "../snapshot/clone.ts";
import { onClone, type ReleaseProcess } from "./releases.ts";

/** The schema that all migrations of a release make from nothing, or why they cannot. */
export type FreshBuild = { readonly catalogue: CatalogueDescription } | FailedBuild;

export interface FailedBuild {
  /** What it said last. */
  readonly failed: readonly string[];
  /** `app.name` of the migration that it failed at; undefined where it could not even begin. */
  readonly migration: string | undefined;
}

/** The schema of a clone's own database. */
export function cloneCatalogue(clone: Clone): Promise<CatalogueDescription> {
  return withConnection(clone.address, describeCatalogue);
}

/**
 * Runs all migrations of a release from zero on an empty database of the clone's server.
 *
 * @param database name of the database that is made for it
 */
export async function freshBuild(
  docker: Docker,
  release: ReleaseProcess,
  clone: Clone,
  network: string,
  database: string,
): Promise<FreshBuild> {
  const extensions = await withConnection(clone.address, async (client) => {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)} OWNER owner TEMPLATE template0`);
    const { rows } = await client.query<{ name: string }>(
      "SELECT extname AS name FROM pg_extension WHERE extname <> 'plpgsql'",
    );
    return rows.map(({ name }) => name);
  });
  const administrator = { ...clone.address, database };
  await withConnection(administrator, async (client) => {
    for (const name of extensions) {
      await client.query(`CREATE EXTENSION IF NOT EXISTS ${client.escapeIdentifier(name)} CASCADE`);
    }
  });
  const said: string[] = [];
  const run = onClone(release, clone, network, "owner", ["migrate"], { database });
  const { exitCode } = await runOneShot(docker, run, (line) => said.push(line));
  if (exitCode !== 0) return { failed: said.slice(-25), migration: lastApplied(said) };
  return { catalogue: await withConnection(administrator, describeCatalogue) };
}

/** Django tells of each migration as it begins. */
function lastApplied(said: readonly string[]): string | undefined {
  return said.flatMap((line) => /Applying ([\w.]+?)\.\.\./.exec(line)?.[1] ?? []).at(-1);
}
