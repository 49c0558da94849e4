import type Docker from "dockerode";
import { runInContainer } from "../../engine/container-command.ts";
import { isNotFound, statusCode } from "../../engine/docker-client.ts";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";

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

/** How many bytes of write-ahead log a server keeps. */
export async function walLimit(address: PostgresAddress): Promise<number> {
  return withConnection(address, async (client) => {
    const { rows } = await client.query<{ bytes: string }>(
      "SELECT pg_size_bytes(current_setting('max_wal_size')) AS bytes",
    );
    return Number(rows[0]?.bytes);
  });
}
