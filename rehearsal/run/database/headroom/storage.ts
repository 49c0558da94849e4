import type Docker from "dockerode";
import type pg from "pg";
import { runInContainer } from "../../../../engine/container-command.ts";
import { isNotFound, statusCode } from "../../../../engine/docker-client.ts";
import type { Finding } from "../../../finding.ts";
import { bytes } from "../../../report/format.ts";
import { attempt } from "../look.ts";

/** One place in which a server keeps files. */
export interface StoragePlace {
  /** Where it is mounted. */
  readonly path: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files that can still be made, and all; zero where the file system does not count them. */
  readonly freeFiles: number;
  readonly totalFiles: number;
}

/** What a database needs storage for. */
export interface StorageNeeds {
  readonly databaseBytes: number;
  /** The largest table with its indexes: what is written anew stands there twice. */
  readonly largest: string;
  readonly largestBytes: number;
  /** How much the write-ahead log may still grow before it is recycled; undefined where it cannot be told. */
  readonly walBytes: number | undefined;
}

/** Size of a database at a moment. */
export interface EarlierSize {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly databaseBytes: number;
}

/** What a server needs for a checkpoint, files for sorting, and its log of the next hours. */
const LEAST_BYTES = 256 * 1024 ** 2;
const LEAST_SHARE = 0.05;
/** A share of a large disk is a lot of room all the same. */
const ROOMY_BYTES = 10 * 1000 ** 3;
const WARN_DAYS = 30;
const DAY = 86_400_000;

/** Where a server keeps its files. */
const OF_SERVER = '"$PGDATA" "$PGDATA"/pg_wal/. "$PGDATA"/pg_tblspc/*/';
/** The disk on which the engine keeps its own files: images, layers, logs. */
export const OF_ENGINE = "/";
const ASK = (places: string) => `for place in ${places}; do
  [ -d "$place" ] || continue
  df -Pk "$place" | tail -n 1 | awk '{print "bytes", $2, $4, $6}'
  df -Pi "$place" | tail -n 1 | awk '{print "files", $2, $4, $6}'
done`;

const NEEDS = `
  SELECT pg_database_size(current_database())::float8 AS "databaseBytes", coalesce(l.name, '') AS largest, coalesce(l.bytes, 0)::float8 AS "largestBytes"
  FROM (SELECT 1) one LEFT JOIN LATERAL (
    SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid) AS bytes
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 2 DESC NULLS LAST LIMIT 1) l ON true`;
const LOG = `SELECT greatest(0, (SELECT setting::float8 * 1048576 FROM pg_settings WHERE name = 'max_wal_size')
  - (SELECT coalesce(sum(size), 0) FROM pg_ls_waldir()))::float8 AS bytes`;

/**
 * The storage of the server in a container, or other places in it; undefined where there is none that runs: the storage of a server that
 * somebody else runs cannot be told.
 */
export async function storagePlaces(
  docker: Docker,
  container: string,
  places = OF_SERVER,
): Promise<StoragePlace[] | undefined> {
  try {
    const { exitCode, output } = await runInContainer(docker, container, ["sh", "-c", ASK(places)], "");
    const found = parsePlaces(output);
    return exitCode === 0 && found.length > 0 ? found : undefined;
  } catch (error) {
    // 409: it is there and does not run.
    if (isNotFound(error) || statusCode(error) === 409) return undefined;
    throw error;
  }
}

/** Reads what `df` says: kind, all, free, place. */
export function parsePlaces(lines: readonly string[]): StoragePlace[] {
  const places = new Map<string, StoragePlace>();
  for (const line of lines) {
    const [kind, all = "", free = "", path = ""] = line.trim().split(/\s+/);
    const place = places.get(path) ?? { path, freeBytes: 0, totalBytes: 0, freeFiles: 0, totalFiles: 0 };
    const [total, left] = [Number(all), Number(free)];
    if (path === "" || !Number.isFinite(total) || !Number.isFinite(left)) continue;
    if (kind === "bytes") places.set(path, { ...place, totalBytes: total * 1024, freeBytes: left * 1024 });
    if (kind === "files") places.set(path, { ...place, totalFiles: total, freeFiles: left });
  }
  return [...places.values()].filter(({ totalBytes }) => totalBytes > 0);
}

/** What the database needs storage for. */
export async function storageNeeds(client: pg.Client): Promise<StorageNeeds> {
  const { rows } = await client.query<Omit<StorageNeeds, "walBytes">>(NEEDS);
  const log = await attempt(client, () => client.query<{ bytes: number }>(LOG));
  const walBytes = "value" in log ? log.value.rows[0]?.bytes : undefined;
  const [needs] = rows;
  return { databaseBytes: 0, largest: "", largestBytes: 0, ...needs, walBytes };
}

/** Judges whether what is free is enough for what comes: a table written anew, the log, and growth. */
export function storageFindings(
  places: readonly StoragePlace[],
  needs: StorageNeeds,
  earlier?: EarlierSize,
  now = Date.now(),
): Finding[] {
  return places.flatMap((place) => {
    const { path, freeBytes, totalBytes, freeFiles, totalFiles } = place;
    const findings: Finding[] = [];
    const least = Math.max(LEAST_BYTES, needs.largestBytes);
    const days = daysLeft(freeBytes, needs, earlier, now);
    const little = freeBytes < totalBytes * LEAST_SHARE && freeBytes < ROOMY_BYTES;
    const room = `${bytes(freeBytes)} of ${bytes(totalBytes)} are free`;
    const need = `${needs.largest === "" ? "the database" : needs.largest} written anew takes ${bytes(needs.largestBytes)}`;
    if (freeBytes < least || little) {
      findings.push(
        storageFinding("blocking", path, `${room}; ${need}, and the database has ${bytes(needs.databaseBytes)}`),
      );
    } else if (days !== undefined && days < WARN_DAYS) {
      findings.push(
        storageFinding("warning", path, `${room}, which is used up in ${Math.floor(days)} days as it grows`),
      );
    } else if (freeBytes < needs.largestBytes * 2 + Math.min(needs.walBytes ?? 0, totalBytes / 4)) {
      findings.push(
        storageFinding(
          "warning",
          path,
          `${room}; ${need} twice (data and log), and the log may grow by ${bytes(needs.walBytes ?? 0)}`,
        ),
      );
    }
    if (totalFiles > 0 && freeFiles < totalFiles * LEAST_SHARE && freeFiles < 100_000) {
      findings.push(storageFinding("blocking", path, `${freeFiles} of ${totalFiles} files (inodes) can still be made`));
    }
    return findings;
  });
}

function daysLeft(
  free: number,
  { databaseBytes }: StorageNeeds,
  earlier: EarlierSize | undefined,
  now: number,
): number | undefined {
  const days = earlier === undefined ? 0 : (now - Date.parse(earlier.takenAt)) / DAY;
  if (earlier === undefined || days < 1 || databaseBytes <= earlier.databaseBytes) return undefined;
  return free / ((databaseBytes - earlier.databaseBytes) / days);
}

function storageFinding(severity: Finding["severity"], path: string, cause: string): Finding {
  return {
    id: "database.storage-headroom",
    severity,
    subject: `the storage of the database (${path})`,
    cause,
    consequence:
      "A migration that writes a table anew fails half-way; with the storage full the server stops for everybody.",
    remedy: "Make room, or give the volume more, before anything is released.",
  };
}
