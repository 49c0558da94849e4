import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { extraCertificates } from "../../engine/host-certificates.ts";
import { runOneShot } from "../../engine/one-shot.ts";
import { withConnection } from "../../engine/postgres.ts";
import { rehearseMigrations } from "../../rehearsal/migration/rehearse.ts";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import type { MigrationRehearsal } from "../../rehearsal/migration/result.ts";
import { createSnapshot } from "../../rehearsal/snapshot/create.ts";
import { removeServer, startWorkServer, type WorkServer } from "../../rehearsal/snapshot/server-container.ts";
import type { Snapshot } from "../../rehearsal/snapshot/snapshot-image.ts";
import { run } from "../commands.ts";
import type { Measurement, Row } from "../measurement.ts";
import { below } from "../statistics.ts";
import { PROJECT, type Workshop } from "../workshop.ts";

const PATHS = ["/", "/api/v1/", "/admin/login/"];
const PARAMETERS = ["max_connections=100", "shared_buffers=256MB"];
const ALIAS = "production";
const MILLION = 1_000_000;

/** The rehearsal of a release with two migrations, by the rows of its biggest table. */
export const rehearsal: Measurement = {
  name: "rehearsal",
  summary: "two migrations rehearsed on 10 k, 100 k, 1 M and 5 M rows (--rows)",
  run: async function* (workshop) {
    const images = await buildReleases(workshop);
    for (const rows of workshop.options.rows) {
      workshop.signal.throwIfAborted();
      yield* await ofRows(workshop, images, rows);
    }
  },
};

interface Images {
  readonly postgres: string;
  readonly outgoing: string;
  readonly incoming: string;
}

async function ofRows(workshop: Workshop, images: Images, rows: number): Promise<Row[]> {
  const { docker, signal, options } = workshop;
  const network = `${PROJECT}-rehearsal-${randomBytes(3).toString("hex")}`;
  const created = await docker.createNetwork({ Name: network, Internal: true });
  const reports = mkdtempSync(path.join(tmpdir(), "rehearsal-bench-"));
  let server: WorkServer | undefined;
  let snapshot: Snapshot | undefined;
  try {
    server = await startWorkServer(docker, images.postgres, "bench", PARAMETERS, signal);
    await created.connect({ Container: server.container.id, EndpointConfig: { Aliases: [ALIAS] } });
    workshop.say(`filling a database with ${rows} rows`);
    await fill(workshop, server, images.outgoing, network, rows);
    workshop.say(`taking a snapshot of ${rows} rows`);
    ({ snapshot } = await createSnapshot(
      docker,
      {
        project: network,
        sourceName: "bench",
        source: { ...server.address, database: "app" },
        postgresImage: images.postgres,
        registry: "none",
        rules: Object.fromEntries(KEPT.map((column) => [column, "keep"] as const)),
        key: { key: randomBytes(32), fingerprint: "bench" },
        reports,
        eachTable: false,
      },
      () => undefined,
      signal,
    ));
    const samples = { fast: [] as number[], full: [] as number[], dump: [] as number[] };
    let last: MigrationRehearsal | undefined;
    for (let number = 0; number < options.runs; number++) {
      signal.throwIfAborted();
      workshop.say(`rehearsing on ${rows} rows, ${number + 1} of ${options.runs}`);
      samples.fast.push((await rehearse(workshop, images, snapshot, "fast")).seconds);
      last = await rehearse(workshop, images, snapshot, "full");
      samples.full.push(last.seconds);
      samples.dump.push(await byHand(workshop, server, images.incoming, network));
    }
    const actual = await migrateForReal(workshop, images, network);
    const predicted = (last?.run ?? []).reduce((sum, { seconds }) => sum + seconds, 0);
    const of = `${rows} rows`;
    const target = rows <= MILLION;
    return [
      {
        what: `rehearsal of ${of}, fast form (peer: dump, restore, migrate)`,
        unit: "s",
        ours: samples.fast,
        peer: samples.dump,
        ...(target ? { target: below(10, "s", samples.fast) } : {}),
      },
      {
        what: `rehearsal of ${of}, full form (peer: dump, restore, migrate)`,
        unit: "s",
        ours: samples.full,
        peer: samples.dump,
        ...(target ? { target: below(30, "s", samples.full) } : {}),
      },
      {
        what: `migrations of ${of} as the rehearsal predicts (peer: the real ones)`,
        unit: "s",
        ours: [predicted],
        peer: [actual],
        // On few rows both are less than what one process differs from another.
        ...(rows < MILLION
          ? {}
          : { target: { text: "within 2 ×", met: predicted <= 2 * actual && actual <= 2 * predicted } }),
      },
    ];
  } finally {
    if (server !== undefined) await removeServer(server.container);
    await created.remove();
    if (snapshot !== undefined) await docker.getImage(snapshot.image).remove({ force: true });
    rmSync(reports, { recursive: true, force: true });
  }
}

/** Columns that would have to be masked: nothing here is anybody's. */
const KEPT = [
  "flights_airport.name",
  "flights_airport.latitude",
  "flights_airport.longitude",
  "flights_remark.author_email",
  "flights_remark.author_name",
  "flights_remark.reference",
  "flights_remark.text",
  "etl_rejectedrow.raw",
  "etl_rejectedrow.reason",
  "etl_run.error",
  "etl_run.file_name",
];

function rehearse(
  { docker }: Workshop,
  images: Images,
  snapshot: Snapshot,
  form: "fast" | "full",
): Promise<MigrationRehearsal> {
  return rehearseMigrations(
    docker,
    {
      environmentName: PROJECT,
      key: randomBytes(6).toString("hex"),
      form,
      incoming: release(images.incoming),
      outgoing: release(images.outgoing),
      snapshot,
      applied: snapshot.migrations,
      databaseName: "app",
      databaseMemoryMiB: 1024,
      databaseParameters: PARAMETERS,
      paths: PATHS,
      longestWaitSeconds: 2,
    },
    () => undefined,
  ).then((result) => {
    if (result.verdict === "pass") return result;
    throw new Error(`the release must pass: ${result.findings.map(({ cause }) => cause).join("; ")}`);
  });
}

/** What people do who rehearse without a tool: a dump of the database, restored, and the migrations on it. */
async function byHand(workshop: Workshop, server: WorkServer, image: string, network: string): Promise<number> {
  await administer(server, "postgres", "CREATE DATABASE copy OWNER owner");
  const started = performance.now();
  const pipe = "pg_dump -Fc --compress=0 --username=postgres app | pg_restore --username=postgres --dbname=copy";
  await run("docker", ["exec", server.container.id, "sh", "-c", pipe]);
  await inRelease(workshop, image, network, "copy", ["migrate"]);
  const taken = (performance.now() - started) / 1000;
  await administer(server, "postgres", "DROP DATABASE copy");
  return taken;
}

/** Seconds that the migrations take on the database itself: the whole command, without what it takes for nothing. */
async function migrateForReal(workshop: Workshop, images: Images, network: string): Promise<number> {
  const timed = async () => {
    const started = performance.now();
    await inRelease(workshop, images.incoming, network, "app", ["migrate"]);
    return (performance.now() - started) / 1000;
  };
  const whole = await timed();
  return whole - (await timed());
}

async function fill(workshop: Workshop, server: WorkServer, image: string, network: string, rows: number) {
  await administer(server, "postgres", "CREATE ROLE owner LOGIN PASSWORD 'owner'");
  await administer(server, "postgres", "CREATE DATABASE app OWNER owner");
  await administer(server, "app", "CREATE EXTENSION pg_trgm");
  await inRelease(workshop, image, network, "app", ["migrate"]);
  const generate = ["python", "manage.py", "generate_data", "--rows", String(rows)];
  await inRelease(workshop, image, network, "app", ["exec", "--", ...generate]);
  await administer(server, "app", "VACUUM ANALYZE");
}

async function inRelease(
  { docker }: Workshop,
  image: string,
  network: string,
  database: string,
  [command = "", ...rest]: readonly string[],
): Promise<void> {
  const { environment, secrets, memoryBytes } = release(image);
  const { exitCode, lastLines } = await runOneShot(
    docker,
    {
      name: `${network}-${command}`,
      image,
      command: ["/opt/rehearsal/run", command, "--secrets-from-stdin", ...rest],
      environment,
      secrets: { ...secrets, DATABASE_URL: `postgres://owner:owner@${ALIAS}:5432/${database}` },
      networks: [network],
      memoryBytes,
    },
    () => undefined,
  );
  if (exitCode !== 0) throw new Error(lastLines.slice(-20).join("\n"));
}

async function administer({ address }: WorkServer, database: string, statement: string): Promise<void> {
  await withConnection({ ...address, database }, async (client) => {
    await client.query(statement);
  });
}

function release(image: string): ReleaseProcess {
  return {
    image,
    environment: {
      DJANGO_SETTINGS_MODULE: "airways.settings",
      DJANGO_ALLOWED_HOSTS: "localhost",
      MIGRATION_LOCK_TIMEOUT: "1000",
      MIGRATION_STATEMENT_TIMEOUT: "900000",
    },
    secrets: { DJANGO_SECRET_KEY: "only for measuring" },
    memoryBytes: 512 * 1024 ** 2,
  };
}

/** The reference project, and its next release with a new column and an index that is built concurrently. */
async function buildReleases({ checkout, signal }: Workshop): Promise<Images> {
  const images: Images = {
    postgres: `${PROJECT}/postgres:rehearsal`,
    outgoing: `${PROJECT}/application:rehearsal`,
    incoming: `${PROJECT}/application:rehearsal-next`,
  };
  const build = (tag: string, context: string, ...words: string[]) =>
    run(
      "docker",
      ["build", "--tag", tag, "--build-arg", `EXTRA_CA_CERTIFICATES=${extraCertificates()}`, ...words, context],
      {
        signal,
      },
    );
  const next = mkdtempSync(path.join(tmpdir(), "rehearsal-next-"));
  try {
    await build(images.postgres, checkout.path("images", "postgres"));
    cpSync(checkout.path("reference"), next, { recursive: true });
    changeModels(next);
    for (const [folder, tag, image] of [
      [checkout.path("reference"), "rehearsal", images.outgoing],
      [next, "rehearsal-next", images.incoming],
    ] as const) {
      const project = `${PROJECT}/project:${tag}`;
      await build(project, folder, "--file", checkout.path("images", "django", "Dockerfile"));
      const settings = ["--build-arg", `PROJECT_IMAGE=${project}`, "--build-arg", "SETTINGS_MODULE=airways.settings"];
      await build(image, checkout.path("images", "runtime"), ...settings);
    }
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
  return images;
}

function changeModels(project: string): void {
  const models = path.join(project, "flights", "models.py");
  const [meta, index] = [
    '    class Meta:\n        ordering = ["-departs_at", "-id"]',
    '        indexes = [\n            models.Index(fields=["origin"',
  ];
  const before = readFileSync(models, "utf8");
  const after = before
    .replace(meta, `    gate = models.CharField(max_length=8, null=True, blank=True)\n\n${meta}`)
    .replace(
      index,
      index.replace("[\n", '[\n            models.Index(fields=["distance_miles"], name="flight_distance"),\n'),
    );
  writeFileSync(models, after);
  const migration = (name: string, dependency: string, operation: string, attributes = "") => {
    const lines = [
      "from django.contrib.postgres.operations import AddIndexConcurrently",
      "from django.db import migrations, models",
      "",
      "",
      "class Migration(migrations.Migration):",
      `    ${attributes}dependencies = [("flights", "${dependency}")]`,
      `    operations = [${operation}]`,
      "",
    ];
    writeFileSync(path.join(project, "flights", "migrations", `${name}.py`), lines.join("\n"));
  };
  const column = 'migrations.AddField("flight", "gate", models.CharField(max_length=8, null=True, blank=True))';
  migration("0008_gate", "0007_validate_flight_checks", column);
  const distance = 'AddIndexConcurrently("flight", models.Index(fields=["distance_miles"], name="flight_distance"))';
  migration("0009_distance", "0008_gate", distance, "atomic = False\n    ");
}
