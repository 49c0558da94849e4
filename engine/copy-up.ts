import type Docker from "dockerode";
import { runInContainer } from "./container-command.ts";
import { type PostgresAddress, withConnection } from "./postgres.ts";

/** A table, materialized view or index of at least a megabyte, with the file of its first gigabyte. */
const LARGE_RELATIONS = `
  WITH tables AS (
    SELECT c.oid, c.reltoastrelid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND ($1::text[] IS NULL OR CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END = ANY ($1))
  ), heaps AS (
    SELECT oid FROM tables UNION SELECT reltoastrelid FROM tables WHERE reltoastrelid <> 0
  ), relations AS (
    SELECT oid FROM heaps UNION SELECT indexrelid FROM pg_index WHERE indrelid IN (SELECT oid FROM heaps)
  )
  SELECT pg_relation_filepath(c.oid) AS path FROM pg_class c JOIN relations USING (oid)
  WHERE pg_relation_size(c.oid) >= 1024 * 1024 ORDER BY 1`;

/** Opens each file for reading and writing, and its further gigabytes, and changes nothing. */
const OPEN_EACH =
  'cd "$PGDATA" && while read -r path; do for file in "$path" "$path".[0-9]*; do [ ! -e "$file" ] || : <> "$file"; done; done';

/**
 * Copies the large tables of a server that runs on a snapshot's files into its container's own layer, with their indexes.
 *
 * The first access to a file copies it, one process at a time; PostgreSQL's own processes that wait for the copy give up
 * at the next signal, a timer's for example, and their query fails ("Interrupted system call"). So it is done before
 * several of them work side by side.
 *
 * @param address of the database, in a role that sees all tables
 * @param tables those alone: `name` in schema public, else `schema.name`; all where it is left out
 */
export async function copyUpTables(
  docker: Docker,
  container: string,
  address: PostgresAddress,
  tables?: readonly string[],
): Promise<void> {
  const paths = await withConnection(address, async (client) => {
    const { rows } = await client.query<{ path: string }>(LARGE_RELATIONS, [tables ?? null]);
    return rows.map(({ path }) => path);
  });
  if (paths.length === 0) return;
  const { exitCode, output } = await runInContainer(
    docker,
    container,
    ["sh", "-c", OPEN_EACH],
    `${paths.join("\n")}\n`,
  );
  if (exitCode === 0) return;
  throw new Error(
    `the snapshot's tables must be copied into the container's own layer; it failed: ${output.join("; ")}. Is the disk full?`,
  );
}
