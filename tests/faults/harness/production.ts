import path from "node:path";
import type { TestProject } from "vitest/node";
import { build, buildApplication, buildProject, IMAGES } from "../../integration/images/builds.ts";
import { docker } from "../../integration/images/support.ts";
import { makeSnapshot, removeSnapshot } from "../../integration/support/made-snapshot.ts";
import { PREFIX } from "./names.ts";

/** What all faults are applied to: the release that production runs, and its data. */
export interface Production {
  readonly projectImage: string;
  readonly applicationImage: string;
  readonly snapshotId: string;
}

declare module "vitest" {
  interface ProvidedContext {
    production: Production;
  }
}

/** The project that production runs. */
export const REFERENCE = path.resolve(import.meta.dirname, "../../../reference");
const SNAPSHOT_ID = "fa0175fa0175";

/** Builds production's release and data once for all faults, and removes them when all are done. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const production: Production = {
    projectImage: `${PREFIX}/project:base`,
    applicationImage: `${PREFIX}/application:base`,
    snapshotId: SNAPSHOT_ID,
  };
  const postgresImage = `${PREFIX}/postgres:base`;
  await build({ tag: postgresImage, context: path.join(IMAGES, "postgres") });
  await buildProject(production.projectImage, REFERENCE);
  await buildApplication(production.applicationImage, production.projectImage, { SETTINGS_MODULE: "airways.settings" });
  await makeSnapshot({
    id: SNAPSHOT_ID,
    project: PREFIX,
    postgresImage,
    applicationImage: production.applicationImage,
    extensions: ["pg_trgm"],
    fill: DATA,
    asSuperuser: "VACUUM ANALYZE",
    description: { migrations: [] },
  });
  project.provide("production", production);
  return async () => {
    await removeSnapshot(SNAPSHOT_ID);
    const made = await docker.listImages({ filters: { reference: [`${PREFIX}/*`] } });
    for (const { RepoTags } of made) {
      for (const tag of RepoTags ?? []) await docker.getImage(tag).remove({ force: true });
    }
  };
}

/**
 * Data as production has it and a developer's database has not: many rows, nulls, duplicates, odd values, a history of
 * runs, and rows in every table that the code writes.
 */
const DATA = `
  INSERT INTO flights_airport (code, name, city, state, country, latitude, longitude, region, photo)
  SELECT upper(lpad(to_hex(n + 4096), 4, '0')), 'Field ' || (n % 900), 'City ' || (n % 300), 'CA', 'USA', n % 90, n % 180, 'West', ''
  FROM generate_series(1, 2000) n;
  INSERT INTO flights_flight (departs_at, origin_id, destination_id, distance_miles, delay_minutes)
  SELECT timestamptz '2001-01-01 00:00Z' + n * interval '1 minute', a.low + n % 1000, a.low + 1000 + n % 1000, 1 + n % 2500,
         CASE WHEN n % 20 = 0 THEN NULL ELSE n % 240 - 30 END
  FROM generate_series(1, 600000) n, (SELECT min(id) AS low FROM flights_airport) a;
  INSERT INTO flights_weatherday (location, date, precipitation, temperature_max, temperature_min, wind, conditions)
  SELECT 'City ' || (n % 30), date '2012-01-01' + n, 0, 20, 10, CASE WHEN n % 7 = 0 THEN NULL ELSE 3 END, 'sun'
  FROM generate_series(1, 3000) n;
  INSERT INTO flights_remark (reference, airport_id, kind, happened_on, text, author_name, author_email, status, created_at)
  SELECT gen_random_uuid(), a.low + n % 1000, 'delay', date '2001-01-01' + n % 365, 'The queue was long ' || n, 'Author ' || (n % 50), '',
         CASE WHEN n % 3 = 0 THEN 'received' ELSE 'published' END, timestamptz '2001-02-01 00:00Z' + n * interval '1 hour'
  FROM generate_series(1, 800) n, (SELECT min(id) AS low FROM flights_airport) a;
  INSERT INTO etl_run (feed, file_name, file_digest, status, started_at, finished_at, rows_read, rows_loaded, rows_updated,
                       rows_unchanged, rows_rejected, error, release)
  SELECT 'weather', 'weather.csv', md5(n::text) || md5(n::text), 'succeeded', timestamptz '2001-03-01 00:00Z' + n * interval '1 hour',
         timestamptz '2001-03-01 00:01Z' + n * interval '1 hour', 10, 10, 0, 0, 0, '', 'earlier'
  FROM generate_series(1, 200) n;
`;
