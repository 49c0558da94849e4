import path from "node:path";
import { parseArgs } from "node:util";
import type Docker from "dockerode";
import { releaseTags } from "../../components/release-images.ts";
import type { StackSettings } from "../../config/load-settings.ts";
import { dockerClient } from "../../engine/docker-client.ts";
import { hasImage } from "../../engine/images.ts";
import { INTERRUPTED_EXIT_CODE, Interrupted, interruptible } from "../../engine/interruption.ts";
import { createSnapshot, type SnapshotRequest } from "../snapshot/create.ts";
import { gigabytes } from "../snapshot/disk-space.ts";
import { isMaskingKind, type MaskingRules } from "../snapshot/masking/kinds.ts";
import { maskingKey } from "../snapshot/masking/masking-key.ts";
import { pruneSnapshots } from "../snapshot/prune.ts";
import { findSnapshot, listSnapshots, type Snapshot } from "../snapshot/snapshot-image.ts";
import { describeAddress } from "../snapshot/source.ts";
import { sourceAddress } from "../snapshot/source-address.ts";
import { subcommandHelp } from "./snapshot-help.ts";
import { stackOutput, stackSettings } from "./stack-settings.ts";

type Subcommand = (words: readonly string[]) => Promise<number>;

const SUBCOMMANDS: Record<string, Subcommand> = { create, list, show, prune };
/** A git-ignored folder of the checkout for what belongs to this machine. */
const KEY_FILE = path.join(".toolchain", "masking-key");
const DEFAULT_KEPT = 3;

/** `rehearse snapshot`: exit code 0 when done, 1 when it cannot be, 2 for wrong options, 130 when interrupted. */
export async function snapshot([name, ...words]: readonly string[]): Promise<number> {
  const subcommand = name === undefined ? undefined : SUBCOMMANDS[name];
  if (name === undefined || subcommand === undefined) {
    const found = name === undefined ? "nothing" : `"${name}"`;
    const rule = `the subcommand must be one of ${Object.keys(SUBCOMMANDS).join(", ")}; found ${found}.`;
    console.error(`rehearse snapshot: ${rule}\n\n${subcommandHelp(undefined)}`);
    return 2;
  }
  try {
    return await subcommand(words);
  } catch (error) {
    if (error instanceof Interrupted) return INTERRUPTED_EXIT_CODE;
    const wrongOptions =
      error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
    console.error(`rehearse snapshot ${name}: ${message(error)}`);
    if (wrongOptions) console.error(`\n${subcommandHelp(name)}`);
    return wrongOptions ? 2 : 1;
  }
}

async function create(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: { from: { type: "string" }, stack: { type: "string" } },
  });
  const { from } = values;
  if (from === undefined) throw optionFault("--from must name a stack or a URL; found nothing.");
  const isUrl = from.includes("://");
  const url = isUrl ? from : undefined;
  const { settings } = stackSettings(values.stack ?? (isUrl ? "sandbox" : from));
  const source = sourceAddress(url ?? reportUrl(from));
  const docker = await engine(settings.engine.host);
  const postgresImage = await requirePostgres(docker, settings);
  const started = performance.now();
  const request: SnapshotRequest = {
    project: settings.app.name,
    sourceName: isUrl ? describeAddress(source) : from,
    source,
    postgresImage,
    registry: settings.images.registry,
    rules: maskingRules(settings.snapshot.masking),
    key: maskingKey(path.resolve(KEY_FILE)),
    reports: path.resolve("reports"),
    eachTable: process.stderr.isTTY,
  };
  const {
    snapshot: made,
    isNew,
    drill,
  } = await interruptible(
    (signal) =>
      createSnapshot(
        docker,
        request,
        (line) => {
          console.error(line);
        },
        signal,
      ),
    () => {
      console.error("interrupted: removing what was made");
    },
  );
  const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  if (drill !== undefined) {
    console.log(
      `restore drill passed: ${drill.objects} objects, ${drill.sequences} sequences and ${drill.tables.length} tables equal ` +
        `the source's, a write to each table; reports/snapshot-${made.id}.json`,
    );
  }
  console.log(
    isNew
      ? `snapshot ${made.id} of ${made.source}: ${made.image}, ${gigabytes(made.bytes)}, ${seconds}`
      : `snapshot ${made.id} has this content already: ${made.image}, taken ${made.takenAt}; nothing was made (${seconds})`,
  );
  return 0;
}

async function list(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: projectOptions });
  const { docker, project } = await projectOf(values.stack);
  const snapshots = await listSnapshots(docker, project);
  if (values.json) console.log(JSON.stringify(snapshots, null, 2));
  else if (snapshots.length === 0) {
    console.log(`no snapshots of ${project}. Make one with: npx rehearse snapshot create --from production`);
  } else {
    const rows = snapshots.map((one) => [
      one.id,
      one.takenAt.slice(0, 16).replace("T", " "),
      one.source,
      gigabytes(one.bytes),
      String(totalRows(one)),
      one.serverVersion,
    ]);
    console.log(table([["id", "taken (UTC)", "source", "size", "rows", "server"], ...rows]));
  }
  return 0;
}

async function show(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...words], options: projectOptions, allowPositionals: true });
  const [id, ...others] = positionals;
  if (id === undefined || others.length > 0) throw optionFault("show takes one id, the beginning of one, or newest.");
  const { docker, project } = await projectOf(values.stack);
  const found = await findSnapshot(docker, project, id);
  if (values.json) {
    console.log(JSON.stringify(found, null, 2));
    return 0;
  }
  const facts = [
    ["id", found.id],
    ["image", found.image],
    ["image id", found.imageId],
    ["project", found.project],
    ["source", found.source],
    ["taken at", found.takenAt],
    ["server", found.serverVersion],
    ["size", gigabytes(found.bytes)],
    ["extensions", found.extensions.join(", ") || "none"],
    ["masking rules", found.masking],
    ["masking key", found.maskingKey],
    ["statements", String(found.statements)],
    ["migrations", found.migrations.at(-1) === undefined ? "none" : `${found.migrations.length}, as listed below`],
  ];
  const rows = Object.entries(found.rows).map(([name, count]) => [`  ${name}`, String(count)]);
  console.log(
    [table(facts), "rows", table(rows), "migrations", ...found.migrations.map((one) => `  ${one}`)].join("\n"),
  );
  return 0;
}

async function prune(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      stack: { type: "string", default: "sandbox" },
      keep: { type: "string", default: String(DEFAULT_KEPT) },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const keep = Number(values.keep);
  if (!/^\d+$/.test(values.keep)) throw optionFault(`--keep must be a whole number from 0; found ${values.keep}.`);
  const { docker, project } = await projectOf(values.stack);
  const { removed, kept, abandoned } = await pruneSnapshots(docker, project, keep, values["dry-run"]);
  const verb = values["dry-run"] ? "would remove" : "removed";
  for (const what of abandoned) console.log(`removed ${what}, which an interrupted command left`);
  for (const one of removed) console.log(`${verb} ${one.image}, taken ${one.takenAt}`);
  for (const { snapshot: one, reason } of kept) console.log(`kept ${one.image}, taken ${one.takenAt}: ${reason}`);
  if (removed.length === 0) console.log(`nothing to remove: ${kept.length} snapshots of ${project} stay`);
  return 0;
}

const projectOptions = {
  stack: { type: "string", default: "sandbox" },
  json: { type: "boolean", default: false },
} as const;

async function projectOf(stack: string): Promise<{ docker: Docker; project: string }> {
  const { settings } = stackSettings(stack);
  return { docker: await engine(settings.engine.host), project: settings.app.name };
}

async function engine(host: string): Promise<Docker> {
  const docker = dockerClient(host);
  try {
    await docker.ping();
    return docker;
  } catch (error) {
    throw new Error(
      `the Docker engine must answer at ${host}; found ${message(error)}. Start it, or correct rehearsal:engine.host or DOCKER_HOST.`,
    );
  }
}

/** The image of PostgreSQL that the sources of this checkout make. */
async function requirePostgres(docker: Docker, { app, images }: StackSettings["settings"]): Promise<string> {
  const { postgres } = releaseTags({
    source: app.source,
    settingsModule: app.settingsModule,
    environment: app.environment,
    baseImage: images.base,
  });
  const name = `${images.registry === "none" ? "" : `${images.registry}/`}${app.name}/postgres:${postgres}`;
  if (await hasImage(docker, name)) return name;
  throw new Error(
    `image ${name} must be on the engine: a snapshot is a server of it; found none. Build it with: pulumi preview --stack sandbox`,
  );
}

function reportUrl(stack: string): string {
  const url = stackOutput(stack, "reportDatabaseUrl");
  if (typeof url === "string") return url;
  throw new Error(
    `stack ${stack} must have been deployed: its output reportDatabaseUrl names the database; found none. ` +
      `Run: pulumi up --stack ${stack}, or give a URL: --from postgres://user:password@host:port/database`,
  );
}

function maskingRules(rules: Readonly<Record<string, string>>): MaskingRules {
  return Object.fromEntries(
    Object.entries(rules).map(([pattern, kind]) => {
      if (!isMaskingKind(kind)) throw new Error(`rehearsal:snapshot.masking knows no kind ${kind} (rule ${pattern}).`);
      return [pattern, kind];
    }),
  );
}

function totalRows({ rows }: Snapshot): number {
  return Object.values(rows).reduce((sum, count) => sum + count, 0);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function optionFault(text: string): Error {
  return Object.assign(new TypeError(text), { code: "ERR_PARSE_ARGS_RULE" });
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
