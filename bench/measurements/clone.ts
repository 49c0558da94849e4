import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { createSnapshot } from "../../rehearsal/snapshot/create.ts";
import { removeServer, startWorkServer, type WorkServer } from "../../rehearsal/snapshot/server-container.ts";
import { SNAPSHOT_DATABASE } from "../../rehearsal/snapshot/snapshot-image.ts";
import { run } from "../commands.ts";
import type { Measurement, Row } from "../measurement.ts";
import { below } from "../statistics.ts";
import type { Workshop } from "../workshop.ts";

const BYTES_OF_ROW = 148;
const GIGABYTE = 1024 ** 3;
const SOURCE = "source";
const LARGE_TABLE = "SELECT payload FROM large ORDER BY id LIMIT 1";
const SMALL_TABLE = "SELECT count(*) FROM small";

/** A database that is there for a test: as a clone of a snapshot, and in the two ways that PostgreSQL itself knows. */
export const clone: Measurement = {
  name: "clone",
  summary: "a database of 0.1, 1 and 5 GB, from nothing to its first answer (--sizes)",
  run: async function* (workshop) {
    const image = await postgresImage(workshop);
    for (const size of workshop.options.sizes) {
      workshop.signal.throwIfAborted();
      yield* await ofSize(workshop, image, size);
    }
  },
};

async function ofSize(workshop: Workshop, image: string, size: number): Promise<Row[]> {
  const { docker, signal, options } = workshop;
  const server = await startWorkServer(
    docker,
    image,
    "bench",
    ["fsync=off", "max_wal_size=8GB", "autovacuum=off"],
    signal,
  );
  const reports = mkdtempSync(path.join(tmpdir(), "clone-bench-"));
  let made: string | undefined;
  try {
    workshop.say(`filling a database of ${size} GB`);
    await fill(server, size);
    workshop.say(`taking a snapshot of ${size} GB`);
    const started = performance.now();
    const { snapshot } = await createSnapshot(
      docker,
      {
        project: `bench-${randomBytes(4).toString("hex")}`,
        sourceName: "bench",
        source: { ...server.address, database: SOURCE },
        postgresImage: image,
        registry: "none",
        rules: { "large.payload": "keep", "small.payload": "keep" },
        key: { key: randomBytes(32), fingerprint: "bench" },
        reports,
        eachTable: false,
      },
      () => undefined,
      signal,
    );
    made = snapshot.image;
    const taken = (performance.now() - started) / 1000;
    const samples = {
      answer: [] as number[],
      large: [] as number[],
      template: [] as number[],
      restore: [] as number[],
    };
    for (let number = 0; number < options.runs; number++) {
      workshop.say(`clone, template and restore of ${size} GB, ${number + 1} of ${options.runs}`);
      const { answer, large } = await timeClone(workshop, snapshot.image);
      samples.answer.push(answer);
      samples.large.push(large);
      samples.template.push(await timeTemplate(server));
      samples.restore.push(await timeRestore(server));
    }
    const of = `${size} GB`;
    const { answer, large, template, restore } = samples;
    return [
      {
        what: `clone of ${of}, first answer (peer: TEMPLATE)`,
        unit: "s",
        ours: answer,
        peer: template,
        target: below(1, "s", answer),
      },
      { what: `clone of ${of}, first answer (peer: pg_dump | pg_restore)`, unit: "s", ours: answer, peer: restore },
      {
        what: `clone of ${of}, first row of its largest table (peer: TEMPLATE)`,
        unit: "s",
        ours: large,
        peer: template,
      },
      { what: `snapshot of ${of}, restore drill included`, unit: "s", ours: [taken] },
    ];
  } finally {
    await removeServer(server.container);
    if (made !== undefined) await docker.getImage(made).remove();
    rmSync(reports, { recursive: true, force: true });
  }
}

/** Seconds from the start of the container to the answer of a small table, and to a row of the largest one. */
async function timeClone({ docker, signal }: Workshop, image: string): Promise<{ answer: number; large: number }> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const server = await startWorkServer(docker, image, "bench-clone", [], signal);
  try {
    return await asked(server, SNAPSHOT_DATABASE, async (client) => {
      await client.query(SMALL_TABLE);
      const answer = seconds();
      await client.query(LARGE_TABLE);
      return { answer, large: seconds() };
    });
  } finally {
    await removeServer(server.container);
  }
}

async function timeTemplate(server: WorkServer): Promise<number> {
  const started = performance.now();
  await asked(server, "postgres", async (client) => {
    await client.query(`CREATE DATABASE copy TEMPLATE ${SOURCE}`);
  });
  return await answered(server, started);
}

async function timeRestore(server: WorkServer): Promise<number> {
  await asked(server, "postgres", async (client) => {
    await client.query("CREATE DATABASE copy");
  });
  const started = performance.now();
  const pipe = `pg_dump -Fc --compress=0 --username=postgres ${SOURCE} | pg_restore --username=postgres --dbname=copy`;
  await run("docker", ["exec", server.container.id, "sh", "-c", pipe]);
  return await answered(server, started);
}

/** Asks the copy, and drops it after the clock has stopped. */
async function answered(server: WorkServer, started: number): Promise<number> {
  await asked(server, "copy", async (client) => {
    await client.query(SMALL_TABLE);
    await client.query(LARGE_TABLE);
  });
  const taken = (performance.now() - started) / 1000;
  await asked(server, "postgres", async (client) => {
    await client.query("DROP DATABASE copy");
  });
  return taken;
}

/** One table with nine tenths of the rows, and a small one; each with its primary key. */
async function fill(server: WorkServer, size: number): Promise<void> {
  await asked(server, "postgres", async (client) => {
    await client.query(`CREATE DATABASE ${SOURCE}`);
  });
  const rows = Math.round((size * GIGABYTE) / BYTES_OF_ROW);
  await asked(server, SOURCE, async (client) => {
    for (const [table, share] of [
      ["large", 0.9],
      ["small", 0.1],
    ] as const) {
      await client.query(`CREATE TABLE ${table} (id bigint PRIMARY KEY, at timestamptz, payload text)`);
      await client.query(
        `INSERT INTO ${table} SELECT n, timestamptz '2020-01-01' + n * interval '1 second', repeat(md5(n::text), 2)
         FROM generate_series(1, ${Math.round(rows * share)}) n`,
      );
    }
    await client.query("VACUUM (FREEZE, ANALYZE)");
    await client.query("CHECKPOINT");
  });
}

async function asked<T>(server: WorkServer, database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const { host, port, username, password } = server.address;
  const client = new pg.Client({ host, port, user: username, password, database });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function postgresImage({ checkout, signal }: Workshop): Promise<string> {
  const name = "bench/postgres:clone";
  await run("docker", ["build", "--tag", name, checkout.path("images", "postgres")], { signal });
  return name;
}
