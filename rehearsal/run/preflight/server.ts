import type pg from "pg";
import type { Finding } from "../../finding.ts";

/** The version of a library by which a server sorts texts. */
export interface LibraryVersion {
  /** `c`, `i` (ICU) or `b`, as the catalogue names it. */
  readonly provider: string;
  readonly locale: string;
  /** Of the files that the server runs with; null where the locale never changes. */
  readonly version: string | null;
}

/** A collation of a database, with the version that its indexes were built with. */
export interface RecordedCollation {
  /** `database NAME` or `collation schema.name`. */
  readonly name: string;
  readonly provider: string;
  readonly locale: string;
  readonly recorded: string;
  /** Whether an index may be sorted by it. */
  readonly indexed: boolean;
}

/** What a server is, as far as another image of it matters. */
export interface ServerFacts {
  /** As `server_version_num`: 170005. */
  readonly version: number;
  readonly libraries: readonly LibraryVersion[];
  readonly collations: readonly RecordedCollation[];
}

/** Columns are named otherwise from one version to the next; as JSON they can be asked for all the same. */
const LIBRARIES = `
  SELECT j ->> 'collprovider' AS provider, coalesce(j ->> 'colllocale', j ->> 'colliculocale', j ->> 'collcollate', '') AS locale,
    pg_collation_actual_version(c.oid) AS version
  FROM pg_collation c CROSS JOIN LATERAL (SELECT to_jsonb(c) AS j) row WHERE j ->> 'collprovider' <> 'd'`;
const COLLATIONS = `
  SELECT 'database ' || d.datname AS name, coalesce(j ->> 'datlocprovider', 'c') AS provider,
    coalesce(j ->> 'datlocale', j ->> 'daticulocale', j ->> 'datcollate', '') AS locale, j ->> 'datcollversion' AS recorded,
    EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid >= 16384 AND 100 = ANY (i.indcollation::oid[])) AS indexed
  FROM pg_database d CROSS JOIN LATERAL (SELECT to_jsonb(d) AS j) row
  WHERE d.datname = current_database() AND j ->> 'datcollversion' IS NOT NULL
  UNION ALL
  SELECT 'collation ' || c.oid::regcollation::text, j ->> 'collprovider',
    coalesce(j ->> 'colllocale', j ->> 'colliculocale', j ->> 'collcollate', ''), c.collversion,
    EXISTS (SELECT 1 FROM pg_index i WHERE i.indexrelid >= 16384 AND c.oid = ANY (i.indcollation::oid[]))
  FROM pg_collation c CROSS JOIN LATERAL (SELECT to_jsonb(c) AS j) row
  WHERE c.collversion IS NOT NULL AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attcollation = c.oid AND a.attrelid >= 16384)`;

/** As `server_version_num`. */
export async function serverVersion(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ number: number }>(
    "SELECT current_setting('server_version_num')::int AS number",
  );
  return rows[0]?.number ?? 0;
}

/** Reads what a server is; PostgreSQL 13 and newer. */
export async function serverFacts(client: pg.Client): Promise<ServerFacts> {
  return {
    version: await serverVersion(client),
    libraries: (await client.query<LibraryVersion>(LIBRARIES)).rows,
    collations: (await client.query<RecordedCollation>(COLLATIONS)).rows,
  };
}

/**
 * Whether production's data goes with the server that the release was rehearsed on.
 *
 * @param replaced whether the deployment puts the release's server in the place of production's
 */
export function serverFindings(
  stack: string,
  production: ServerFacts,
  rehearsed: Pick<ServerFacts, "version" | "libraries">,
  replaced: boolean,
): Finding[] {
  return [
    ...versionFindings(stack, production.version, rehearsed.version, replaced),
    ...(replaced ? production.collations.flatMap((one) => collationFindings(stack, one, rehearsed.libraries)) : []),
  ];
}

function versionFindings(stack: string, production: number, rehearsed: number, replaced: boolean): Finding[] {
  const [major, wanted] = [Math.floor(production / 10_000), Math.floor(rehearsed / 10_000)];
  const words = `${stack} runs PostgreSQL ${numbered(production)}, and the release was rehearsed on ${numbered(rehearsed)}`;
  const finding = (severity: Finding["severity"], consequence: string, remedy: string): Finding[] => [
    {
      id: "preflight.server-version",
      severity,
      subject: `the database server of ${stack}`,
      cause: words,
      consequence,
      remedy,
    },
  ];
  if (major !== wanted) {
    return replaced
      ? finding(
          "blocking",
          "The release's server does not start on the data of another major version: the database is away.",
          "Upgrade the data first (pg_upgrade, or dump and restore), or rehearse with the image of production's version.",
        )
      : finding(
          "warning",
          "What one version does, the other may refuse, plan otherwise or answer otherwise.",
          "Rehearse on a server of production's version, or upgrade production first.",
        );
  }
  if (!replaced || production <= rehearsed) return [];
  return finding(
    "warning",
    "The deployment takes production back to an older minor version: mended faults of the server return.",
    "Build the release on a newer base image, and rehearse it.",
  );
}

function collationFindings(
  stack: string,
  { name, provider, locale, recorded, indexed }: RecordedCollation,
  libraries: readonly LibraryVersion[],
): Finding[] {
  const same = libraries.filter((library) => library.provider === provider && library.version !== null);
  // The C library has one version for all of its locales, and an image need not have the same of them.
  const library = same.find((one) => one.locale === locale) ?? (provider === "c" ? same[0] : undefined);
  if (library === undefined || library.version === recorded) return [];
  return [
    {
      id: "preflight.collation-version",
      severity: indexed ? "blocking" : "warning",
      subject: `${stack}, ${name}`,
      cause: `its texts are sorted by version ${recorded} of the library, and the release's server has ${library.version ?? ""}`,
      consequence:
        "From the deployment on, searches by index may miss rows that are there, and unique columns take duplicates.",
      remedy:
        "Plan a REINDEX and ALTER … REFRESH VERSION right after the deployment, or build the release on the base image " +
        "that the data was made with.",
    },
  ];
}

function numbered(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`;
}
