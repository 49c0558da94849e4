import pg from "pg";
import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";

const APPLICATION = "rehearsal long transaction";
const SAMPLE_MILLISECONDS = 100;

/** When the migrator stood in line for a lock, in seconds since 1970. */
export interface LockWait {
  readonly from: number;
  readonly until: number;
  readonly table: string;
  readonly mode: string;
  /** Who held it: the application's name, or the role, of each. */
  readonly blockers: readonly string[];
}

/**
 * A transaction that has read the tables and stays open, as a report or a forgotten session does: a migration that wants
 * them for itself has to wait for it, and whoever comes later waits behind the migration.
 *
 * It ends once the migrator has stood behind it for `holdSeconds`, and comes back for the next migration.
 */
export class LongTransaction {
  public readonly spans: { from: number; until: number }[] = [];
  public readonly waits: LockWait[] = [];
  readonly #address: PostgresAddress;
  readonly #observer: PostgresAddress;
  readonly #tables: readonly string[];
  readonly #holdSeconds: number;
  #client: pg.Client | undefined;
  #ended = false;
  #work: Promise<void> | undefined;
  #again = false;

  /**
   * @param address in the role of the application
   * @param observer in a role that sees other sessions
   */
  public constructor(
    address: PostgresAddress,
    observer: PostgresAddress,
    tables: readonly string[],
    holdSeconds: number,
  ) {
    this.#address = address;
    this.#observer = observer;
    this.#tables = tables;
    this.#holdSeconds = holdSeconds;
  }

  /** Opens it, and from then on watches who waits for what. */
  public async begin(): Promise<void> {
    await this.#open();
    this.#work = withConnection(this.#observer, (client) => this.#watch(client));
    // Its failure is told by `end`.
    this.#work.catch(() => undefined);
  }

  /** Lets it come back where it has ended: the next migration begins. */
  public again(): void {
    this.#again = true;
  }

  public async end(): Promise<void> {
    this.#ended = true;
    await this.#work;
    await this.#close();
  }

  async #open(): Promise<void> {
    const client = new pg.Client({
      host: this.#address.host,
      port: this.#address.port,
      user: this.#address.username,
      password: this.#address.password,
      database: this.#address.database,
      application_name: APPLICATION,
      ssl: false,
    });
    client.on("error", () => undefined);
    await client.connect();
    this.#client = client;
    await client.query("BEGIN");
    for (const table of this.#tables) {
      // A table that a migration has renamed or dropped meanwhile is one that nobody can be reading.
      await client.query("SAVEPOINT before");
      try {
        await client.query(`SELECT 1 FROM ${quoted(table)} LIMIT 1`);
      } catch {
        await client.query("ROLLBACK TO before");
      }
    }
    this.spans.push({ from: Date.now() / 1000, until: Number.POSITIVE_INFINITY });
  }

  async #close(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    await client.query("ROLLBACK").catch(() => undefined);
    await client.end().catch(() => undefined);
    const span = this.spans.at(-1);
    if (span !== undefined) span.until = Date.now() / 1000;
  }

  async #watch(client: pg.Client): Promise<void> {
    let behindSince: number | undefined;
    while (!this.#ended) {
      const now = Date.now() / 1000;
      const { rows } = await client.query<{ table: string | null; mode: string; blockers: string[] }>(
        WAITING_MIGRATOR,
        ["owner"],
      );
      for (const { table, ...row } of rows) {
        if (table !== null) this.#note({ table, ...row }, now);
      }
      if (rows.some(({ blockers }) => blockers.includes(APPLICATION))) behindSince ??= now;
      if (behindSince !== undefined && now - behindSince > this.#holdSeconds) {
        await this.#close();
        behindSince = undefined;
      }
      if (this.#again && this.#client === undefined) await this.#open();
      this.#again = false;
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MILLISECONDS));
    }
  }

  /** Adds to the wait that goes on, or begins another one. */
  #note({ table, mode, blockers }: { table: string; mode: string; blockers: string[] }, now: number): void {
    const last = this.waits.at(-1);
    if (last?.table === table && last.mode === mode && now - last.until < 3 * (SAMPLE_MILLISECONDS / 1000)) {
      this.waits[this.waits.length - 1] = { ...last, until: now };
    } else {
      this.waits.push({ from: now, until: now, table, mode, blockers });
    }
  }
}

/** Concurrent work on an index waits for transactions themselves, instead of for a lock on a table: nobody queues behind it. */
const WAITING_MIGRATOR = `
  SELECT l.relation::regclass::text AS "table", l.mode,
         ARRAY(SELECT coalesce(nullif(b.application_name, ''), b.usename) FROM pg_stat_activity b
               WHERE b.pid = ANY (pg_blocking_pids(a.pid))) AS blockers
  FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND NOT l.granted
  WHERE a.wait_event_type = 'Lock' AND a.usename = $1`;

/** A table's name, with its schema where it has one, for SQL. */
export function quoted(table: string): string {
  return table
    .split(".")
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join(".");
}
