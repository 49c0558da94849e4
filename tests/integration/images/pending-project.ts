import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { buildMinimal, buildOver } from "./builds.ts";
import { startDatabase, type TestDatabase } from "./database.ts";
import type { Bench, Finished } from "./support.ts";

const FIXTURE = path.resolve(import.meta.dirname, "../../projects/pending");
const GUESTBOOK = "/home/guestbook/source/guestbook";

/** The second project with pending migrations of many kinds; the last fails on entries without a nickname. */
export const PENDING = "images-test-pending";
/** It with the models of these migrations and without the migrations. */
export const FORGOTTEN = "images-test-pending-forgotten";

export const ENTRIES = 1000;
export const BATCHES = 10;
export const TABLE = "guestbook_entry";
/** With what the names of its migrations begin. */
export const APP = "guestbook.";

/** A server with a database that has the project's first migration and ENTRIES entries, one without a name. */
export interface PendingProject {
  readonly database: TestDatabase;
  /** Runs a command of the runtime on a database. */
  run(command: string, name: string, options?: Run): Promise<Finished>;
  /** A database as the first one; with names for everybody the last of the pending migrations passes. */
  clone(name: string, options?: { named?: boolean }): Promise<void>;
}

export interface Run {
  readonly image?: string;
  readonly words?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the runtime tells in a line; which of these there are depends on the kind of event. */
export interface Event {
  readonly event: string;
  readonly migration: string;
  readonly at: number;
  readonly seconds: number;
  readonly from: number;
  readonly until: number;
  readonly sql: string;
  readonly mode: string;
  readonly atomic: boolean;
  readonly walBytes: number;
  readonly sizeBytes: number;
  readonly statements: number;
  readonly afterStatement: number;
  readonly found: string;
  readonly locks: readonly { readonly table: string; readonly mode: string }[];
  readonly rewritten?: readonly { readonly table: string; readonly rows: number; readonly bytes: number }[];
  readonly resumed?: { readonly ok: boolean; readonly error?: string };
  readonly error?: string;
}

/** Builds the project's images, starts a server for them and fills its first database. */
export async function startPending(bench: Bench): Promise<PendingProject> {
  const minimal = await buildMinimal();
  const names = (await readdir(path.join(FIXTURE, "migrations"))).filter((name) => name.endsWith(".py"));
  const files: Record<string, string> = { "models.py": await readFile(path.join(FIXTURE, "models.py"), "utf8") };
  await buildOver(FORGOTTEN, minimal, files, `COPY models.py ${GUESTBOOK}/`);
  for (const name of names) files[name] = await readFile(path.join(FIXTURE, "migrations", name), "utf8");
  await buildOver(PENDING, minimal, files, `COPY models.py ${GUESTBOOK}/\nCOPY 0*.py ${GUESTBOOK}/migrations/`);

  const database = await startDatabase(bench);
  const run = (command: string, name: string, options: Run = {}): Promise<Finished> =>
    bench.run({
      image: options.image ?? PENDING,
      command: ["/opt/rehearsal/run", command, ...(options.words ?? [])],
      environment: { DJANGO_ALLOWED_HOSTS: "guestbook.example", DJANGO_DEBUG: "0", ...options.environment },
      secrets: { DJANGO_SECRET_KEY: "secret", DATABASE_URL: database.url(name) },
    });
  await database.create("base");
  expect((await run("migrate", "base", { image: minimal })).exitCode).toBe(0);
  await database.sql(
    "base",
    `INSERT INTO ${TABLE} (name, message, written)
       SELECT CASE WHEN n = 1 THEN 'Anonymous' ELSE 'n' || n END, repeat('m', 200), now()
       FROM generate_series(1, ${String(ENTRIES)}) n;
     ANALYZE`,
  );
  return {
    database,
    run,
    clone: async (name, { named = false } = {}) => {
      await database.sql("postgres", `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await database.sql("postgres", `CREATE DATABASE ${name} TEMPLATE base OWNER owner`);
      if (named) await database.sql(name, `UPDATE ${TABLE} SET name = 'Ada' WHERE name = 'Anonymous'`);
    },
  };
}

/** The project's image with one more migration in place of the pending ones. */
export async function buildWithMigration(tag: string, name: string, text: string): Promise<void> {
  await buildOver(tag, await buildMinimal(), { [name]: text }, `COPY ${name} ${GUESTBOOK}/migrations/`);
}

export function events(finished: Finished): Event[] {
  return finished.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
}

/** The events of one kind that are about one migration, whose name begins like that. */
export function of(all: readonly Event[], event: string, migration: string): Event[] {
  return all.filter((each) => each.event === event && each.migration.startsWith(APP + migration));
}
