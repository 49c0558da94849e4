import path from "node:path";
import { expect } from "vitest";
import { type StartedOneShot, startOneShot } from "../../../engine/one-shot.ts";
import { build, buildMinimal } from "./builds.ts";
import { startDatabase, type TestDatabase } from "./database.ts";
import { Bench, docker, until } from "./support.ts";

const PROJECT = path.resolve(import.meta.dirname, "../../projects/kinds");
const VARIABLES = {
  DJANGO_ALLOWED_HOSTS: "kinds.example",
  DJANGO_DEBUG: "0",
  DJANGO_SETTINGS_MODULE: "site_config.settings.kinds",
};
const ROWS = `
  INSERT INTO kinds_country (code, name, number) VALUES ('aa', 'Aland', 1), ('bb', 'Bland', 2), ('cc', 'Cland', 3);
  INSERT INTO kinds_person (email, slug, token, country_id, mentor_id, changed, active)
    SELECT 'person' || n || '@example.org', 'person-' || n, gen_random_uuid(), 'aa', NULLIF(n - 1, 0), now(), n > 1
    FROM generate_series(1, 3) n;
  INSERT INTO kinds_person_friends (from_person_id, to_person_id) VALUES (1, 2), (2, 1), (3, 1), (1, 3);
  INSERT INTO kinds_profile (person_id, settings) VALUES (1, '{}');
  INSERT INTO kinds_badge (person_id, shade) VALUES (1, 'red');
  INSERT INTO kinds_membership (person_id, country_id) SELECT p.id, c.code FROM kinds_person p, kinds_country c;
  INSERT INTO kinds_measurement (day, price, length, low, high)
    SELECT '2026-01-01'::date + n, 1.5, '1 hour', 1, 2 FROM generate_series(0, 2000) n;
  INSERT INTO kinds_place (name) VALUES ('Inn');
  INSERT INTO kinds_restaurant (place_ptr_id, stars) VALUES (1, 3);
  INSERT INTO kinds_hidden (deleted) VALUES (true);
`;

/** What the command tells. */
export interface Event {
  readonly event: string;
  readonly operation?: string;
  /** Of what begins. */
  readonly name?: string;
  readonly table?: string;
  readonly at?: number;
  readonly seconds?: number;
  readonly error?: string | null;
  readonly outside?: Readonly<Record<string, number | null>>;
  readonly offers?: readonly string[];
  readonly touched?: readonly string[];
  readonly memory?: number;
  readonly operations?: number;
  readonly path?: string;
  readonly values?: Readonly<Record<string, object>>;
  readonly kept?: number;
  readonly carried?: readonly string[] | null;
  readonly localized?: readonly string[];
  readonly pages?: readonly string[];
}

/** The command `smoke` in conversation. */
export class Smoke {
  readonly #started: StartedOneShot;
  #ended = false;
  /** All that it has told so far. */
  readonly events: readonly Event[];

  constructor(started: StartedOneShot, events: readonly Event[]) {
    this.#started = started;
    this.events = events;
    void started.ended.then(() => {
      this.#ended = true;
    });
  }

  tell(line: string): void {
    this.#started.writeLine(line);
  }

  /** Waits for the next event of a kind and returns those up to it. */
  async next(kind: string, from: number): Promise<Event[]> {
    return await until(`the event ${kind}`, () => {
      const at = this.events.findIndex(({ event }, index) => index >= from && event === kind);
      if (at === -1 && this.#ended) throw new Error("smoke has ended");
      return Promise.resolve(at === -1 ? undefined : this.events.slice(from, at + 1));
    });
  }

  /** The errors of one round by operation. */
  async once(): Promise<Record<string, string | null>> {
    const from = this.events.length;
    this.tell("once");
    const operations = (await this.next("round", from)).filter(({ event }) => event === "operation");
    return Object.fromEntries(operations.map(({ operation, error }) => [operation ?? "", error ?? null]));
  }

  async end(): Promise<number> {
    this.#started.end();
    return (await this.#started.ended).exitCode;
  }
}

/** The project `kinds` in an image, and a server for its databases. */
export class SmokeBench {
  readonly bench: Bench;
  readonly image: string;
  readonly database: TestDatabase;
  readonly #running: StartedOneShot[] = [];

  private constructor(bench: Bench, image: string, database: TestDatabase) {
    this.bench = bench;
    this.image = image;
    this.database = database;
  }

  /** @param image name that the project's image gets, for each file of tests its own */
  static async open(image: string): Promise<SmokeBench> {
    const bench = new Bench();
    try {
      await buildMinimal();
      await build({ tag: image, context: PROJECT });
      return new SmokeBench(bench, image, await startDatabase(bench));
    } catch (error) {
      await bench.remove();
      throw error;
    }
  }

  /** Starts the command on a database. */
  async start(name: string, environment: Readonly<Record<string, string>> = {}): Promise<Smoke> {
    const events: Event[] = [];
    const run = {
      name: `${this.bench.name}-smoke`,
      image: this.image,
      command: ["/opt/rehearsal/run", "smoke", "--secrets-from-stdin"],
      environment: { ...VARIABLES, SMOKE_PATHS: "/,none,/api/", ...environment },
      secrets: { DATABASE_URL: this.database.url(name, "app"), DJANGO_SECRET_KEY: "a secret of the tests" },
      networks: [this.bench.name],
      memoryBytes: 512 * 1024 * 1024,
    };
    const started = await startOneShot(docker, run, (line, stream) => {
      if (stream === "stdout") events.push(JSON.parse(line) as Event);
    });
    this.#running.push(started);
    return new Smoke(started, events);
  }

  /** A migrated database with some rows in most tables. */
  async prepare(name: string): Promise<void> {
    await this.database.create(name);
    const { exitCode, stderr } = await this.bench.run({
      image: this.image,
      command: ["/opt/rehearsal/run", "migrate"],
      environment: VARIABLES,
      secrets: { DATABASE_URL: this.database.url(name), DJANGO_SECRET_KEY: "secret" },
    });
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    await this.database.sql(name, ROWS);
  }

  async remove(): Promise<void> {
    await Promise.all(this.#running.map((started) => started.kill()));
    await this.bench.remove();
  }
}
