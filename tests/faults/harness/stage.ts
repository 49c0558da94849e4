import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { inject } from "vitest";
import type { RoleName } from "../../../engine/database-rights.ts";
import { runOneShot } from "../../../engine/one-shot.ts";
import { type PostgresAddress, withConnection } from "../../../engine/postgres.ts";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { type CodeOperation, startCode } from "../../../rehearsal/migration/outgoing-code.ts";
import { rehearseMigrations } from "../../../rehearsal/migration/rehearse.ts";
import { onClone, type ReleaseProcess } from "../../../rehearsal/migration/releases.ts";
import type { Finding, MigrationRehearsal } from "../../../rehearsal/migration/result.ts";
import type { RehearsalArgs } from "../../../rehearsal/migration/stage.ts";
import { type Clone, startClone } from "../../../rehearsal/snapshot/clone.ts";
import { findSnapshot } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { buildOver } from "../../integration/images/builds.ts";
import { docker } from "../../integration/images/support.ts";
import { recordFindings } from "./fault.ts";
import { PREFIX } from "./names.ts";
import { REFERENCE } from "./production.ts";

const PATHS = ["/", "/api/v1/", "/admin/login/"];
const MEMORY = 512 * 1024 * 1024;
const PARAMETERS = ["max_connections=100", "shared_buffers=128MB"];

/** The project's compiled modules are taken without a look at their source: a changed one is compiled anew. */
const LAY_OVER = [
  "USER 0:0",
  "COPY changes/ /app/",
  "RUN python -m compileall -q -f --invalidation-mode unchecked-hash /app",
  "USER 10001:10001",
].join("\n");

/** Files of the next release that differ from production's: their new text by their path in the project. */
export type Changes = Readonly<Record<string, string>>;

/** The release that production runs. */
export function runningRelease(): ReleaseProcess {
  return releaseOf(inject("production").applicationImage);
}

/**
 * What a rehearsal is told of production where it runs another release than usual, whose migrations the snapshot lacks.
 *
 * @param before what that release differs in; undefined for the usual one
 */
export async function productionWith(
  before: Changes | undefined,
): Promise<Pick<RehearsalArgs, "applied"> & { readonly outgoing: ReleaseProcess }> {
  if (before === undefined) return { outgoing: runningRelease(), applied: undefined };
  // Any migration will do to have a clone brought up to all of the release.
  return { outgoing: await nextRelease(before), applied: ["flights.0007_validate_flight_checks"] };
}

/** Builds the next release: production's with changes. */
export async function nextRelease(changes: Changes, environment: Readonly<Record<string, string>> = {}) {
  const image = `${PREFIX}/application:${randomBytes(4).toString("hex")}`;
  const files = Object.fromEntries(Object.entries(changes).map(([name, text]) => [`changes/${name}`, text]));
  await buildOver(image, inject("production").applicationImage, files, LAY_OVER);
  return releaseOf(image, environment);
}

/**
 * A file of production's release with texts replaced.
 *
 * @throws Error where a text is not in it: the fault would not be applied
 */
export function edited(file: string, ...replacements: readonly (readonly [text: string, by: string])[]): Changes {
  const before = readFileSync(path.join(REFERENCE, file), "utf8");
  const after = replacements.reduce((content, [text, by]) => {
    if (!content.includes(text)) throw new Error(`${file} must hold ${JSON.stringify(text)}; found it nowhere`);
    return content.replace(text, by);
  }, before);
  return { [file]: after };
}

/** A migration's file. */
export function migrationFile(
  dependency: readonly [app: string, name: string],
  operations: string,
  attributes = "",
): string {
  return [
    "from django.conf import settings",
    "from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, BtreeGinExtension",
    "from django.contrib.postgres.operations import RemoveIndexConcurrently, ValidateConstraint",
    "from django.db import migrations, models",
    "from django.db.models import F, Q",
    "",
    "",
    "class Migration(migrations.Migration):",
    ...attributes
      .split("\n")
      .filter(Boolean)
      .map((line) => `    ${line}`),
    `    dependencies = [("${dependency[0]}", "${dependency[1]}")]`,
    `    operations = [${operations}]`,
    "",
  ].join("\n");
}

/** Production's last migration of the app that the faults change. */
export const LAST_FLIGHTS = ["flights", "0007_validate_flight_checks"] as const;

/** An unguarded twin of production: its data, the release that it runs, and nobody who rehearses. */
export class Twin {
  readonly clone: Clone;
  readonly #network: string;
  readonly #remove: () => Promise<void>;

  private constructor(clone: Clone, network: string, remove: () => Promise<void>) {
    this.clone = clone;
    this.#network = network;
    this.#remove = remove;
  }

  /** @param engine on which its database runs */
  public static async start(engine = docker): Promise<Twin> {
    const name = `${PREFIX}-twin-${randomBytes(3).toString("hex")}`;
    const network = await docker.createNetwork({ Name: name, Internal: true, Labels: temporaryLabels() });
    const { image } = await findSnapshot(docker, PREFIX, inject("production").snapshotId);
    const clone = await startClone(engine, {
      image,
      name,
      network: name,
      database: "app",
      memoryMiB: 1024,
      parameters: PARAMETERS,
    });
    return new Twin(clone, name, async () => {
      await clone.remove();
      await network.remove();
    });
  }

  /** Deploys as most do: `manage.py migrate` from the new release, and nothing before it. */
  public migrate(release: ReleaseProcess, ...words: readonly string[]): Promise<{ exitCode: number; said: string }> {
    return this.manage(release, "owner", ["migrate", "--no-input", ...words]);
  }

  /** Builds another environment from nothing: all migrations on an empty database. */
  public async migrateFromZero(release: ReleaseProcess): Promise<{ exitCode: number; said: string; database: string }> {
    const database = `zero_${randomBytes(3).toString("hex")}`;
    await withConnection(this.clone.address, (client) => client.query(`CREATE DATABASE ${database} OWNER owner`));
    await withConnection({ ...this.clone.address, database }, (client) => client.query("CREATE EXTENSION pg_trgm"));
    return { ...(await this.manage(release, "owner", ["migrate", "--no-input"], database)), database };
  }

  /** Runs a command of the project's own, in a role of the environment. */
  public async manage(
    release: ReleaseProcess,
    role: RoleName,
    words: readonly string[],
    database?: string,
  ): Promise<{ exitCode: number; said: string }> {
    const said: string[] = [];
    const run = onClone(release, this.clone, this.#network, role, ["exec"], database === undefined ? {} : { database });
    const command = ["/opt/rehearsal/run", "exec", "--secrets-from-stdin", "--", "python", "manage.py", ...words];
    const { exitCode } = await runOneShot(docker, { ...run, command }, (line) => said.push(line));
    return { exitCode, said: said.join("\n") };
  }

  /** Runs SQL as the administrator: what a person does by hand. */
  public async sql<Row extends Record<string, unknown>>(
    text: string,
    database = this.clone.address.database,
  ): Promise<Row[]> {
    return withConnection({ ...this.clone.address, database }, async (client) => (await client.query<Row>(text)).rows);
  }

  /**
   * What of a release's own code fails on the database as it is now. That it refuses a search for a single letter is none.
   *
   * @param tables into which rows are inserted also with one value left out
   */
  public async failures(release: ReleaseProcess, tables: readonly string[] = []): Promise<CodeOperation[]> {
    const code = await startCode(docker, release, this.clone, this.#network, PATHS);
    try {
      return (await code.once(tables)).filter(({ error }) => error !== null && error !== "status 400");
    } finally {
      await code.end();
    }
  }

  /** The database, as the role of the application reaches it. */
  public get asApplication(): PostgresAddress {
    return this.clone.as("app");
  }

  public async remove(): Promise<void> {
    await this.#remove();
  }
}

/**
 * Rehearses the next release against production's data: in the fast form, with a wait of two seconds allowed.
 *
 * @param more what is otherwise than usual
 */
export async function rehearse(
  incoming: ReleaseProcess,
  more: Partial<RehearsalArgs> = {},
): Promise<MigrationRehearsal> {
  const snapshot = await findSnapshot(docker, PREFIX, inject("production").snapshotId);
  const result = await rehearseMigrations(
    docker,
    {
      environmentName: PREFIX,
      key: randomBytes(6).toString("hex"),
      form: "fast",
      incoming,
      outgoing: runningRelease(),
      snapshot,
      applied: undefined,
      databaseName: "app",
      databaseMemoryMiB: 1024,
      databaseParameters: PARAMETERS,
      paths: PATHS,
      longestWaitSeconds: 2,
      ...more,
    },
    () => undefined,
  );
  recordFindings(blocking(result).map(({ id }) => id));
  return result;
}

/** Findings that stop the release, in short: to be compared in tests, and legible when they differ. */
export function blocking({ findings }: MigrationRehearsal): Pick<Finding, "id" | "migration" | "cause">[] {
  return findings
    .filter(({ severity }) => severity === "blocking")
    .map(({ id, migration = "", cause }) => ({ id, migration, cause }));
}

function releaseOf(image: string, environment: Readonly<Record<string, string>> = {}): ReleaseProcess {
  return {
    image,
    environment: {
      DJANGO_SETTINGS_MODULE: "airways.settings",
      DJANGO_ALLOWED_HOSTS: "localhost",
      DJANGO_DEBUG: "0",
      MIGRATION_LOCK_TIMEOUT: "1000",
      MIGRATION_STATEMENT_TIMEOUT: "900000",
      ...environment,
    },
    secrets: { DJANGO_SECRET_KEY: "only for tests" },
    memoryBytes: MEMORY,
  };
}
