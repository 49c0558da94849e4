import { createHash } from "node:crypto";
import type Docker from "dockerode";
import { isNotFound } from "../../engine/docker-client.ts";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import { type Accepted, holds } from "../accepted.ts";
import { readReport, writeReport } from "../report/write-report.ts";
import { readMigrations } from "../snapshot/catalogue.ts";
import { findSnapshot, listSnapshots } from "../snapshot/snapshot-image.ts";
import { fitsAsBefore } from "./findings/storage.ts";
import { type ForeignTable, foreignTables } from "./ownership.ts";
import { rehearseMigrations } from "./rehearse.ts";
import type { ReleaseProcess } from "./releases.ts";
import type { MigrationRehearsal } from "./result.ts";
import { freeStorage } from "./storage.ts";

/** Folder of the reports, in the project's. */
const REPORTS = "reports";

/** A release that is about to replace the one that an environment runs. */
export interface ReleaseRehearsal {
  readonly environmentName: string;
  /** Short name of the project, whose snapshots are used. */
  readonly projectName: string;
  /** Service whose image is the release that runs. */
  readonly appService: string;
  readonly form: "fast" | "full";
  readonly incoming: ReleaseProcess;
  /** How the environment's database is reached in a role that may read it; undefined where there is none yet. */
  readonly database: PostgresAddress | undefined;
  readonly databaseName: string;
  readonly databaseMemoryMiB: number;
  /** Parameters of the environment's server, `name=value` each. */
  readonly databaseParameters: readonly string[];
  /** Paths of the project that the outgoing release is asked for. */
  readonly paths: readonly string[];
  /** How long a request or query may wait for a migration, in seconds. */
  readonly longestWaitSeconds: number;
  /** Findings with which somebody has decided to release. */
  readonly accepted: readonly Accepted[];
  /** `newest`, or the beginning of an id. */
  readonly snapshot: string;
  /** Whether an environment that has no database yet will start from the snapshot. */
  readonly startsFromSnapshot: boolean;
}

/** What came of it: a result, or why there is none. */
export type RehearsalOutcome =
  | {
      readonly result: MigrationRehearsal;
      /** Path of the report's page. */
      readonly page: string;
      /** Whether it was rehearsed earlier and not now: its steps have not been told then. */
      readonly repeated: boolean;
    }
  | { readonly reason: string };

/** How a rehearsal is gone about. */
export interface RehearsalOptions {
  /** Rehearses even what was rehearsed before. */
  readonly again?: boolean;
  /** When aborted, the clones are removed at once. */
  readonly signal?: AbortSignal;
  /** Makes the release where it is not on the engine; called when there is something to rehearse it on. */
  readonly prepare?: () => Promise<void>;
}

/**
 * Rehearses the migrations of a release against an environment, and writes the report. The same release against the same
 * data and state is rehearsed once.
 *
 * @param say called with each step's line as it ends
 * @throws Error when the rehearsal itself cannot be done or is aborted; what it finds is in the result
 */
export async function rehearseRelease(
  docker: Docker,
  release: ReleaseRehearsal,
  say: (line: string) => void,
  { again = false, signal, prepare }: RehearsalOptions = {},
): Promise<RehearsalOutcome> {
  const [applied, outgoing] = [
    await appliedMigrations(release.database),
    await runningImage(docker, release.appService),
  ];
  if (applied === undefined && outgoing !== undefined) return { reason: unknownState(release) };
  if (applied?.length === 0 || (applied === undefined && !release.startsFromSnapshot)) {
    return { reason: "the database is new: no data and no running release can be harmed" };
  }
  if (release.snapshot === "newest" && (await listSnapshots(docker, release.projectName)).length === 0) {
    return {
      reason:
        "there is no snapshot of production-like data on the engine. Make one with: npx rehearse snapshot create --from STACK",
    };
  }
  const snapshot = await findSnapshot(docker, release.projectName, release.snapshot);
  const foreign = release.database === undefined || applied === undefined ? [] : await foreignTables(release.database);
  const freeBytes = await freeStorage(docker, `${release.environmentName}-database`);
  const keyOf = (form: "fast" | "full") => rehearsalKey(release, form, snapshot.id, applied, outgoing, foreign);
  if (!again) {
    // Who has seen the full form need not see the fast one.
    for (const form of release.form === "fast" ? (["full", "fast"] as const) : (["full"] as const)) {
      const earlier = await readReport(REPORTS, release.environmentName, keyOf(form));
      // Storage fills up from one hour to the next: whoever had enough of it must have it still.
      if (earlier === undefined || !fitsAsBefore(earlier, freeBytes)) continue;
      const { page } = await writeReport(earlier, REPORTS);
      return { result: earlier, page, repeated: true };
    }
  }
  await prepare?.();
  const { environmentName, form, incoming, databaseName, databaseMemoryMiB, databaseParameters } = release;
  const result = await rehearseMigrations(
    docker,
    {
      environmentName,
      key: keyOf(form),
      form,
      incoming,
      outgoing: outgoing === undefined ? undefined : { ...incoming, image: outgoing },
      snapshot,
      applied,
      databaseName,
      databaseMemoryMiB,
      databaseParameters,
      paths: release.paths,
      longestWaitSeconds: release.longestWaitSeconds,
      accepted: release.accepted,
      freeBytes,
      foreignTables: foreign,
    },
    say,
    signal,
  );
  const { page } = await writeReport(result, REPORTS);
  return { result, page, repeated: false };
}

/** Names a result by all that it depends on. */
export function rehearsalKey(
  release: ReleaseRehearsal,
  form: "fast" | "full",
  snapshot: string,
  applied: readonly string[] | undefined,
  outgoing: string | undefined,
  foreign: readonly ForeignTable[] = [],
): string {
  const { incoming, longestWaitSeconds, databaseParameters, paths, accepted } = release;
  const parts = {
    form,
    incoming: incoming.image,
    environment: incoming.environment,
    outgoing: outgoing ?? null,
    snapshot,
    applied: applied === undefined ? null : [...applied].sort(),
    longestWaitSeconds,
    databaseParameters,
    paths,
    foreign,
    accepted: accepted.filter((one) => holds(one)),
  };
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}

/** The migrations that a database has applied; undefined where it cannot be reached, none where Django never migrated it. */
async function appliedMigrations(address: PostgresAddress | undefined): Promise<string[] | undefined> {
  if (address === undefined) return undefined;
  try {
    return await withConnection(address, readMigrations);
  } catch (error) {
    if (isUnreachable(error)) return undefined;
    throw error;
  }
}

function unknownState({ environmentName, database }: ReleaseRehearsal): string {
  const where = database === undefined ? "is not known" : `does not answer at ${database.host}:${database.port}`;
  return (
    `a release runs in ${environmentName}, but its database ${where}, so that nobody can tell which migrations are pending. ` +
    "Start it, or deploy the environment once more"
  );
}

/** Nobody listens, or the database is not there yet: the environment is about to be made. */
function isUnreachable(error: unknown): boolean {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return ["ECONNREFUSED", "EHOSTUNREACH", "ENOTFOUND", "ETIMEDOUT", "3D000"].includes(code);
}

/** The image of the release that runs; undefined where none does. */
async function runningImage(docker: Docker, service: string): Promise<string | undefined> {
  try {
    const { Spec } = (await docker.getService(service).inspect()) as {
      Spec: { TaskTemplate?: { ContainerSpec?: { Image?: string } } };
    };
    return Spec.TaskTemplate?.ContainerSpec?.Image;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
