import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { z } from "zod";
import { hasImage } from "../../../engine/images.ts";
import { withConnection } from "../../../engine/postgres.ts";
import { stops, withDecisions } from "../../accepted.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import { appliedMigrations } from "../applied-migrations.ts";
import type { RunContext, WorkerProcess } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import type { RunStep, StepOutcome } from "../step.ts";
import { type ThrowAwayDatabase, withDeclaredDatabase } from "../throw-away-database.ts";
import { readContents, valuesOf } from "./contents.ts";
import {
  differingTables,
  effortFindings,
  errorFindings,
  resultFindings,
  type TableDifference,
  valueSamples,
  type WorkerContents,
  withoutChance,
} from "./judge.ts";
import { liveOn } from "./living.ts";
import { statementsOfOthers, storeAsOthers } from "./others.ts";
import { rowsHandled, type StartedWorker, startWorker, untilQuiet, type WorkerRun } from "./worker-run.ts";

const KIND = "etl";

const WORKER = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  image: z.string(),
  command: z.array(z.string()),
  /** In clear, without the release's own name. */
  variables: z.record(z.string(), z.string()),
  /** Those that its database has applied, `app.name` each. */
  migrations: z.array(z.string()),
});

/** How the worker of a release is started, to start it again beside the next one. */
type KeptWorker = z.infer<typeof WORKER>;

const PASSES = ["first", "again"] as const;
/** Each worker has a database of its own. The last is for the release before once more: what differs by chance. */
const COPIES = { now: "etl_now", before: "etl_before", chance: "etl_chance" } as const;
type Copy = keyof typeof COPIES;

/** A worker that reads its input otherwise makes no error: the rows are there, and are others. */
export const etl: RunStep = {
  id: "etl",
  title: "the ETL worker makes of its input what the release before makes of it",
  run: async (context) => {
    const { worker, environment, release, reports, engine } = context;
    if (worker === undefined) return nothing("etl.command is none");
    const now = keptWorker(context, worker, await appliedMigrations(context));
    const [before] = await keptOf(reports, KIND, environment, WORKER);
    if (before === undefined || isSame(before, now)) {
      await keep(reports, KIND, now);
      const why = before === undefined ? "no release before it is known" : "it is that of the last rehearsal";
      return { detail: `${why}: nothing to compare with`, findings: [] };
    }
    if (!(await hasImage(engine, before.image))) {
      await keep(reports, KIND, now);
      return nothing(`the image of release ${before.release} is not on the engine any more`);
    }
    const { tables, rows, findings } = await compare(context, worker, before, now.migrations);
    if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, now);
    const detail =
      rows === 0
        ? `release ${before.release} writes nothing to an empty database: nothing to compare with`
        : `${counted(rows, "row")} in ${counted(tables, "table")}, twice, beside release ${before.release}` +
          (before.release === release ? " with the variables that it had" : "");
    return { detail, findings };
  },
};

function nothing(skipped: string): StepOutcome {
  return { detail: "", findings: [], skipped };
}

/**
 * Both workers take in the same input twice, each in a database of its own, which its release's migrations have made; in
 * between others store something in the tables that they fill.
 */
async function compare(
  context: RunContext,
  worker: WorkerProcess,
  before: KeptWorker,
  migrations: readonly string[],
): Promise<{ tables: number; rows: number; findings: Finding[] }> {
  return await withDeclaredDatabase(context, KIND, async (database) => {
    const server = { ...database.address, database: "postgres" };
    return await withConnection(server, async (client) => {
      const source = client.escapeIdentifier(database.address.database);
      await client.query(`CREATE DATABASE ${COPIES.now} TEMPLATE ${source}`);
      // A worker never runs on the schema of the release after it.
      if (isDeepStrictEqual(before.migrations, migrations))
        await client.query(`CREATE DATABASE ${COPIES.before} TEMPLATE ${source}`);
      else await database.beside(COPIES.before, before.image);
      await client.query(`CREATE DATABASE ${COPIES.chance} TEMPLATE ${COPIES.before}`);
      const earlier = { ...worker, image: before.image, command: before.command, environment: before.variables };
      const both = { before: earlier, now: worker };
      const since = new Date();
      const look = async (copy: Copy) => await within(database, copy, (inside) => readContents(inside, since));
      const empty = { before: await look("before"), now: await look("now") };
      let filled: Written = { tables: [], rows: 0 };
      const said: Record<keyof typeof both, string[]> = { before: [], now: [] };
      let others: readonly string[] = [];
      const found: Finding[] = [];
      const known: TableDifference[] = [];
      let tried = 0;
      const store = async (copy: Copy) => {
        await within(database, copy, (inside) => storeAsOthers(inside, others));
      };
      for (const [at, pass] of PASSES.entries()) {
        if (pass === "again") {
          others = await within(database, "before", (inside) => statementsOfOthers(inside, filled.tables));
          await Promise.all([store("before"), store("now")]);
        }
        const runs = await work(context, database, client, both, at);
        const saidBy = (copy: keyof typeof both) => runs.find((run) => run.database === COPIES[copy])?.said ?? [];
        said.before.push(...saidBy("before"));
        said.now.push(...saidBy("now"));
        const contents = { empty: empty.before, filled: await look("before") };
        if (pass === "first") filled = written(contents);
        // A worker whose input is elsewhere: it would find nothing once more.
        if (filled.rows === 0) break;
        const differences = differingTables(contents, { empty: empty.now, filled: await look("now") });
        if (differences.length === 0) continue;
        // Only now: most releases differ in nothing.
        for (; tried <= at; tried++) {
          if (PASSES[tried] === "again") await store("chance");
          await work(context, database, client, { chance: earlier }, tried);
        }
        const again = { empty: empty.before, filled: await look("chance") };
        const meant = withoutChance(differences, contents, again);
        const findings = resultFindings(meant, {
          pass,
          release: before.release,
          samples: await samplesOf(database, meant),
          said: saidBy("now"),
        });
        // What differs from the beginning differs ever after; a second pass alone says little of the reason.
        if (findings.length > 0 && pass === "first")
          return {
            tables: filled.tables.length,
            rows: filled.rows,
            findings: [...findings, ...errorFindings(said, before.release)],
          };
        found.push(...findings);
        known.push(...differences);
      }
      const handled = await rowsHandled(client, roleOf(context));
      const effort = { before: handled?.get(COPIES.before) ?? 0, now: handled?.get(COPIES.now) ?? 0 };
      const lasting =
        filled.rows === 0
          ? []
          : await liveOn(context, {
              ...both,
              ...{ release: before.release, role: roleOf(context), server: client, databases: COPIES, known, empty },
              look: async () => ({ before: await look("before"), now: await look("now") }),
              // Under the name that they had the last time: they have read what is there.
              start: (workers, until) => work(context, database, client, workers, PASSES.length - 1, until),
            });
      const findings = [
        ...found,
        ...errorFindings(said, before.release),
        ...effortFindings(effort, before.release),
        ...lasting,
      ];
      return { tables: filled.tables.length, rows: filled.rows, findings };
    });
  });
}

function roleOf({ logins }: RunContext): string {
  return logins.find((login) => login.role === "etl")?.address.username ?? "etl";
}

/** Starts workers side by side, waits until they have done what there is to do, or as one is told, and stops them. */
async function work(
  context: RunContext,
  { url, network }: ThrowAwayDatabase,
  client: pg.Client,
  workers: Partial<Record<Copy, StartedWorker>>,
  pass: number,
  until: (runs: readonly WorkerRun[]) => Promise<void> = (runs) => untilQuiet(client, runs, context.signal),
): Promise<WorkerRun[]> {
  const { engine, environment } = context;
  const runs: WorkerRun[] = [];
  try {
    for (const [copy, worker] of Object.entries(workers)) {
      const database = COPIES[copy as Copy];
      runs.push(
        await startWorker(engine, worker, {
          name: `${environment}-etl-${copy}`,
          database,
          url: url(roleOf(context), database),
          network,
          release: `rehearsal-${pass}`,
        }),
      );
    }
    await until(runs);
    return runs;
  } finally {
    await Promise.all(runs.map(({ shot }) => shot.kill()));
  }
}

async function within<T>(
  { address }: ThrowAwayDatabase,
  copy: Copy,
  does: (client: pg.Client) => Promise<T>,
): Promise<T> {
  return await withConnection({ ...address, database: COPIES[copy] }, does);
}

/** What a worker has filled: tables, and the rows in all of them together. */
interface Written {
  readonly tables: readonly string[];
  readonly rows: number;
}

function written({ empty, filled }: WorkerContents): Written {
  const more = [...filled]
    .map(([table, { rows }]) => ({ table, rows: rows - (empty.get(table)?.rows ?? 0) }))
    .filter(({ rows }) => rows > 0);
  return { tables: more.map(({ table }) => table), rows: more.reduce((sum, { rows }) => sum + rows, 0) };
}

async function samplesOf(database: ThrowAwayDatabase, differences: readonly TableDifference[]): Promise<string[]> {
  const columns = differences.flatMap(({ table, columns: [column] }) =>
    column === undefined ? [] : [{ table, column }],
  );
  const valuesIn = async (copy: Copy, { table, column }: (typeof columns)[number]) =>
    await within(database, copy, (client) => valuesOf(client, table, column));
  const samples: string[] = [];
  for (const place of columns.slice(0, 3)) {
    const name = `${place.table}.${place.column}`;
    samples.push(...valueSamples(name, await valuesIn("before", place), await valuesIn("now", place)));
  }
  return samples;
}

function keptWorker(
  { environment, release }: RunContext,
  worker: WorkerProcess,
  migrations: readonly string[],
): KeptWorker {
  const variables = Object.fromEntries(Object.entries(worker.environment).filter(([name]) => name !== "RELEASE"));
  return {
    version: 1,
    environment,
    release,
    takenAt: new Date().toISOString(),
    image: worker.image,
    command: [...worker.command],
    variables,
    migrations: migrations.toSorted(),
  };
}

function isSame(one: KeptWorker, other: KeptWorker): boolean {
  return (
    one.image === other.image &&
    isDeepStrictEqual(one.command, other.command) &&
    isDeepStrictEqual(one.variables, other.variables)
  );
}
