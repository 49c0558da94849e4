import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type Docker from "dockerode";
import type { PostgresAddress } from "../../engine/postgres.ts";
import {
  type CatalogueTable,
  readExtensions,
  readJoins,
  readMigrations,
  readSequences,
  readTables,
  type SequenceState,
} from "./catalogue.ts";
import { describeCatalogue, describeSequences } from "./catalogue-description.ts";
import { commitImage, nameImage, removeImage } from "./commit-image.ts";
import { type CopiedTable, copyData, tableName } from "./copy-data.ts";
import { checkDiskSpace } from "./disk-space.ts";
import { type DrillReport, drill } from "./drill.ts";
import type { MaskingRules } from "./masking/kinds.ts";
import type { MaskingKey } from "./masking/masking-key.ts";
import { type MaskingPlan, planHash, planMasking } from "./masking/masking-plan.ts";
import { ProgressLines } from "./progress.ts";
import {
  checkExtensions,
  FILLING,
  prepareTarget,
  refreshViews,
  runSchema,
  sealTarget,
  setSequences,
  storeStatements,
} from "./restore.ts";
import { dumpSchema, schemaHash } from "./schema-dump.ts";
import { removeServer, startWorkServer, stopServer, type WorkServer } from "./server-container.ts";
import { listSnapshots, type Snapshot, type SnapshotDescription } from "./snapshot-image.ts";
import { openSource, type Source } from "./source.ts";
import { checkSource } from "./source-check.ts";
import { readStatements } from "./statements.ts";
import { removeAbandoned } from "./work.ts";

/** What a snapshot is made from. */
export interface SnapshotRequest {
  /** Short name of the project. */
  readonly project: string;
  /** What the source is called in labels: a stack, or `host:port/database`. */
  readonly sourceName: string;
  readonly source: PostgresAddress;
  /** Image of PostgreSQL that the snapshot is a server of. */
  readonly postgresImage: string;
  readonly registry: string;
  readonly rules: MaskingRules;
  readonly key: MaskingKey;
  /** Folder of the drill's report. */
  readonly reports: string;
  /** Whether to say a line for each table. */
  readonly eachTable: boolean;
}

/** A snapshot that was made, or found to be there already. */
export interface CreatedSnapshot {
  readonly snapshot: Snapshot;
  readonly isNew: boolean;
  readonly drill: DrillReport | undefined;
}

/** What is known of a source before it is copied. */
interface Survey {
  readonly tables: readonly CatalogueTable[];
  readonly plan: MaskingPlan;
  readonly extensions: readonly string[];
}

/**
 * Makes a masked copy of a database as an image and tries it. The source is only read, in one transaction. Whatever
 * ends it early, nothing is left but the source's own time.
 *
 * @param say told what is under way, a line at a time
 * @throws Error before anything starts when the source, the masking rules or the disk do not allow it; later when the
 *   copy fails or does not pass its drill
 */
export async function createSnapshot(
  docker: Docker,
  request: SnapshotRequest,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<CreatedSnapshot> {
  for (const removed of await removeAbandoned(docker)) say(`removed ${removed}, which an interrupted snapshot left`);
  const source = await openSource(request.source);
  let server: WorkServer | undefined;
  try {
    const survey = await surveySource(docker, source, request, say);
    signal.throwIfAborted();
    server = await startWorkServer(docker, request.postgresImage, "build", FILLING, signal);
    const filled = await fill(docker, source, survey, server, request, say, signal);
    const known = (await listSnapshots(docker, request.project)).find(({ id }) => id === filled.description.id);
    if (known !== undefined) return { snapshot: known, isNew: false, drill: undefined };
    say("stopping the server cleanly, making the image");
    await stopServer(server);
    signal.throwIfAborted();
    const imageId = await commitImage(docker, server.container, request.postgresImage, filled.description);
    await removeServer(server.container);
    const report = await tried(docker, imageId, filled, survey.plan, source, request, say, signal);
    const image = await nameImage(docker, imageId, filled.description.id, request.registry);
    return { snapshot: { ...filled.description, image, imageId }, isNew: true, drill: report };
  } finally {
    if (server !== undefined) await removeServer(server.container);
    await source.client.end().catch(() => undefined);
  }
}

async function surveySource(
  docker: Docker,
  source: Source,
  request: SnapshotRequest,
  say: (line: string) => void,
): Promise<Survey> {
  const notes = await checkSource(source.client, source.address.username);
  await checkDiskSpace(docker, source.bytes);
  const tables = await readTables(source.client);
  const plan = planMasking(
    tables.flatMap(({ columns }) => columns),
    request.rules,
    await readJoins(source.client),
  );
  for (const note of notes) say(note);
  return { tables, plan, extensions: await readExtensions(source.client) };
}

/** What a filled server holds, and how it came there. */
interface Filled {
  readonly description: SnapshotDescription;
  readonly copied: readonly CopiedTable[];
  readonly sequences: readonly SequenceState[];
}

async function fill(
  docker: Docker,
  source: Source,
  { tables, plan, extensions }: Survey,
  server: WorkServer,
  request: SnapshotRequest,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Filled> {
  const target = await prepareTarget(server.address, source);
  try {
    await checkExtensions(target, extensions);
    say(`copying ${tables.length} tables of ${request.sourceName}, ${plan.size} columns of them masked`);
    const schema = await dumpSchema(docker, request.postgresImage, source);
    signal.throwIfAborted();
    await runSchema(target, "before", schema.before);
    const progress = new ProgressLines(tables.length, say, request.eachTable);
    const masking = { plan, key: request.key.key };
    const copied = await copyData(source, target, tables, masking, progress, signal);
    progress.finish();
    const sequences = await readSequences(source.client);
    await setSequences(target, sequences);
    say("building indexes and constraints");
    await runSchema(target, "after", schema.after);
    signal.throwIfAborted();
    await refreshViews(target, source);
    const { statements, note } = await readStatements(source.client);
    if (note !== undefined) say(note);
    await storeStatements(target, statements);
    const migrations = await readMigrations(source.client);
    const bytes = await sealTarget(server.address, target);
    const masked = planHash(plan);
    const id = contentId(schemaHash(schema), copied, sequences, masked, request.key.fingerprint);
    return {
      copied,
      sequences,
      description: {
        id,
        project: request.project,
        source: request.sourceName,
        takenAt: new Date().toISOString(),
        serverVersion: source.version,
        extensions,
        rows: Object.fromEntries(copied.map(({ table, rows }) => [tableName(table), rows])),
        bytes,
        masking: masked,
        maskingKey: request.key.fingerprint,
        migrations,
        statements: statements.length,
      },
    };
  } finally {
    await target.client.end().catch(() => undefined);
  }
}

/** Tries an image, keeps the report, and removes the image where it does not pass. */
async function tried(
  docker: Docker,
  imageId: string,
  { description, copied, sequences }: Filled,
  plan: MaskingPlan,
  source: Source,
  request: SnapshotRequest,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<DrillReport> {
  say("restore drill: comparing a clone with the source, writing to every table");
  try {
    const sameMajor = source.version.split(".")[0] === OUR_MAJOR;
    const expected = {
      catalogue: await describeCatalogue(source.client),
      sequences: describeSequences(sequences),
      tables: copied,
      plan,
      sameMajor,
    };
    const report = await drill(docker, imageId, expected, signal);
    const file = path.join(request.reports, `snapshot-${description.id}.json`);
    mkdirSync(request.reports, { recursive: true });
    writeFileSync(file, `${JSON.stringify({ snapshot: description, drill: report }, null, 2)}\n`);
    if (report.passed) return report;
    throw new Error(
      [
        `the copy must equal its source; the restore drill found ${report.differences.length} differences, and the image was removed.`,
        ...report.differences.map((difference) => `  ${difference}`),
        `The report is ${file}.`,
      ].join("\n"),
    );
  } catch (error) {
    await removeImage(docker, imageId);
    throw error;
  }
}

/** Of the server in images/postgres. */
const OUR_MAJOR = "17";

function contentId(
  schema: string,
  copied: readonly CopiedTable[],
  sequences: readonly SequenceState[],
  masking: string,
  key: string,
): string {
  const hash = createHash("sha256").update(`${OUR_MAJOR}\n${schema}\n${masking}\n${key}\n`);
  for (const { table, content } of copied) hash.update(`${tableName(table)} ${content}\n`);
  for (const [name, state] of describeSequences(sequences)) hash.update(`${name} ${state}\n`);
  return hash.digest("hex").slice(0, 12);
}
