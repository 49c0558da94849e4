import type pg from "pg";
import type { Finding } from "../../../finding.ts";

/** A collation with the version that indexes were built with and the one that the library has. */
export interface CollationVersion {
  /** `database NAME` or `collation schema.name`. */
  readonly name: string;
  readonly recorded: string | null;
  readonly actual: string | null;
  /** Indexes that are sorted by it, as far as this database knows. */
  readonly indexes: readonly string[];
  /** Whether it is of the database that is looked at. */
  readonly own: boolean;
}

const QUOTED = 12;

/** An index whose columns take their order from the database's own collation. */
const DEFAULT_INDEXES = `
  SELECT array_agg(i.indexrelid::regclass::text ORDER BY 1) FROM pg_index i
  WHERE i.indexrelid >= 16384 AND 100 = ANY (i.indcollation::oid[])
    AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = i.indexrelid AND a.attcollation = 100)`;

const DATABASES = `
  SELECT 'database ' || datname AS name, datcollversion AS recorded, pg_database_collation_actual_version(oid) AS actual,
    CASE WHEN datname = current_database() THEN coalesce((${DEFAULT_INDEXES}), '{}') ELSE '{}' END AS indexes,
    datname = current_database() AS own
  FROM pg_database WHERE datname = current_database() OR datistemplate`;

const COLLATIONS = `
  SELECT 'collation ' || n.nspname || '.' || c.collname AS name, c.collversion AS recorded,
    pg_collation_actual_version(c.oid) AS actual,
    coalesce((SELECT array_agg(i.indexrelid::regclass::text ORDER BY 1) FROM pg_index i
              WHERE i.indexrelid >= 16384 AND c.oid = ANY (i.indcollation::oid[])), '{}') AS indexes, true AS own
  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
  WHERE c.collversion IS NOT NULL AND (c.oid >= 16384 OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attcollation = c.oid AND a.attrelid >= 16384))`;

/** Collations whose library is another one than when indexes were built. Databases know their own from PostgreSQL 15 on. */
export async function collationVersions(client: pg.Client): Promise<Finding[]> {
  const { rows: version } = await client.query<{ number: number }>(
    "SELECT current_setting('server_version_num')::int AS number",
  );
  const knows = (version[0]?.number ?? 0) >= 150_000;
  const found: CollationVersion[] = [];
  for (const query of [...(knows ? [DATABASES] : []), COLLATIONS]) {
    found.push(...(await client.query<CollationVersion>(query)).rows);
  }
  return collationFindings(found);
}

/** Judges collations by their versions; one that has none never changes. */
export function collationFindings(collations: readonly CollationVersion[]): Finding[] {
  return collations
    .filter(({ recorded, actual }) => recorded !== null && actual !== recorded)
    .map(({ name, recorded, actual, indexes, own }) => ({
      id: "database.collation-version",
      severity: own && (indexes.length > 0 || name.startsWith("database ")) ? "blocking" : "warning",
      subject: name,
      cause:
        `texts were sorted by version ${recorded ?? ""} of its library, and the server has ${actual ?? "none that knows it"}` +
        (indexes.length > 0 ? `; ${indexes.length} indexes are sorted by it` : ""),
      consequence:
        "Where the order changed, searches by index miss rows that are there, and unique columns take duplicates.",
      remedy: `REINDEX what is sorted by it, then ALTER ${name.startsWith("database ") ? "DATABASE" : "COLLATION"} … REFRESH ${
        name.startsWith("database ") ? "COLLATION VERSION" : "VERSION"
      }; or run the image that the data was made with.`,
      ...(indexes.length > 0 ? { evidence: indexes.slice(0, QUOTED) } : {}),
    }));
}
