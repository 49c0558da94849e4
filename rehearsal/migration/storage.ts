import type Docker from "dockerode";
import { runInContainer } from "../../engine/container-command.ts";
import { isNotFound, statusCode } from "../../engine/docker-client.ts";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";

const SAMPLE_MILLISECONDS = 100;

/** What a server held on its storage at one moment. */
export interface StorageSample {
  /** Seconds since 1970. */
  readonly at: number;
  /** Bytes of the database's files, of files for sorting, and of the write-ahead log. */
  readonly bytes: number;
}

/**
 * Bytes that are free where the server in a container keeps its data; undefined where there is no such container, or it
 * does not run: the storage of a server that somebody else runs cannot be told.
 */
export async function freeStorage(docker: Docker, container: string): Promise<number | undefined> {
  try {
    const { exitCode, output } = await runInContainer(docker, container, ["sh", "-c", 'df -Pk "$PGDATA"'], "");
    const kilobytes = Number(output.at(-1)?.trim().split(/\s+/).at(3));
    return exitCode === 0 && Number.isFinite(kilobytes) ? kilobytes * 1024 : undefined;
  } catch (error) {
    // 409: it is there and does not run.
    if (isNotFound(error) || statusCode(error) === 409) return undefined;
    throw error;
  }
}

/**
 * Looks again and again at what a server holds on its storage, while something else goes on.
 *
 * @param address in the administrator's role, which may look into the server's folders
 */
export async function watchStorage(address: PostgresAddress): Promise<{ stop: () => Promise<StorageSample[]> }> {
  let stopped = false;
  let begun: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const work = withConnection(address, async (client) => {
    const samples: StorageSample[] = [];
    for (;;) {
      const { rows } = await client.query<{ bytes: string }>(HELD);
      samples.push({ at: Date.now() / 1000, bytes: Number(rows[0]?.bytes) });
      begun();
      // What was kept to the end is in the last of them.
      if (stopped) return samples;
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MILLISECONDS));
    }
  });
  // Whoever stops it hears of its failure.
  work.catch(() => undefined);
  await Promise.race([first, work]);
  return {
    stop: () => {
      stopped = true;
      return work;
    },
  };
}

/** Files for sorting lie in a folder, or in folders of it where several processes share them; they come and go. */
const HELD = `
  SELECT pg_database_size(current_database()) + (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir()) + (
    SELECT coalesce(sum(CASE WHEN s.isdir
      THEN (SELECT coalesce(sum((pg_stat_file(folder || '/' || file, true)).size), 0) FROM pg_ls_dir(folder, true, false) file)
      ELSE s.size END), 0)
    FROM pg_ls_dir('base/pgsql_tmp', true, false) name
    CROSS JOIN LATERAL (SELECT 'base/pgsql_tmp/' || name AS folder) f
    CROSS JOIN LATERAL pg_stat_file(folder, true) s
  ) AS bytes`;
