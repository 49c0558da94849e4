import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionOptions } from "node:tls";
import pg from "pg";
import { Limit } from "./limit.ts";

const RETRY_AFTER_MS = 1000;
const WRITE_ATTEMPTS = 5;
// Any number does; it only has to be the same for all who write.
export const WRITE_LOCK = 7_305_104_982;

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** The database for statements that concern the whole server. */
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly tls: ConnectionOptions | false;
  readonly connectTimeoutSeconds: number;
  readonly maxConnections: number;
  /** Whether the user is one; where not, it joins the roles that it has to act for while it does. */
  readonly superuser: boolean;
}

/** Runs one query: text, values. */
export interface Session {
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * One PostgreSQL server. Each operation opens a connection of its own and closes it, so that none is in the way when a
 * database is dropped. Writes run one after another, in this process by a queue and among processes by an advisory
 * lock: concurrent changes of one role's or object's privileges fail with "tuple concurrently updated".
 */
export class PostgresServer {
  readonly settings: ServerSettings;
  readonly #connections: Limit;
  readonly #writes = new Limit(1);

  constructor(settings: ServerSettings) {
    this.settings = settings;
    this.#connections = new Limit(settings.maxConnections > 0 ? settings.maxConnections : Number.POSITIVE_INFINITY);
  }

  /** Queries in one database, the provider's by default. */
  read<T>(database: string | undefined, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#connections.run(() => this.#connected(database, signal, work));
  }

  /** Like `read`; undefined where the database does not exist. */
  async readIfExists<T>(
    database: string | undefined,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await this.read(database, signal, work);
    } catch (error) {
      if (sqlState(error) === "3D000") return undefined;
      throw error;
    }
  }

  /** Runs statements in one transaction, again where another session came in between. */
  write<T>(database: string | undefined, signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#writes.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.read(database, signal, (session) => inTransaction(session, work));
        } catch (error) {
          if (attempt === WRITE_ATTEMPTS || !isCollision(error)) throw error;
        }
      }
    });
  }

  /** For statements that no transaction may contain (CREATE DATABASE and the like). */
  writeWithoutTransaction<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#writes.run(() => this.read(undefined, signal, work));
  }

  async #connected<T>(
    database: string | undefined,
    signal: AbortSignal,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const client = await this.#connect(database ?? this.settings.database, signal);
    const [row] = (await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")).rows;
    const abort = (): void => {
      void this.#terminate(row?.pid);
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      return await work({
        query: async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
          (await client.query<Row>(text, [...values])).rows,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw described(error);
    } finally {
      signal.removeEventListener("abort", abort);
      await client.end();
    }
  }

  /** Ends a session from another: one that waits for a lock does not notice that its client has gone. */
  async #terminate(pid: number | undefined): Promise<void> {
    try {
      const client = await this.#open(this.settings.database);
      await client.query("SELECT pg_terminate_backend($1)", [pid]);
      await client.end();
    } catch {
      // Without a connection for this, the session ends when what it waits for does; the process does not wait for it.
    }
  }

  async #connect(database: string, signal: AbortSignal): Promise<pg.Client> {
    signal.throwIfAborted();
    try {
      return await this.#open(database);
    } catch (error) {
      if (!isTransient(error)) throw error;
    }
    await delay(RETRY_AFTER_MS, undefined, { signal });
    return this.#open(database);
  }

  async #open(database: string): Promise<pg.Client> {
    const { host, port, username, password, tls, connectTimeoutSeconds } = this.settings;
    const client = new pg.Client({
      host,
      port,
      database,
      user: username,
      ...(password === "" ? {} : { password }),
      ssl: tls,
      connectionTimeoutMillis: connectTimeoutSeconds * 1000,
      application_name: "pulumi",
    });
    // A connection that breaks between two queries says so by the next of them.
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw new PostgresError(
        `Cannot connect to PostgreSQL at ${host}:${port}, database "${database}", as "${username}": ${messageOf(error)}`,
        codeOf(error),
      );
    }
  }
}

/** What PostgreSQL answered, with its SQLSTATE or the system's error code. */
class PostgresError extends Error {
  readonly code: string | undefined;
  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/** The SQLSTATE of an error, if it has one. */
function sqlState(error: unknown): string | undefined {
  return error instanceof PostgresError ? error.code : undefined;
}

async function inTransaction<T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> {
  await session.query("BEGIN");
  await session.query("SELECT pg_advisory_xact_lock($1)", [WRITE_LOCK]);
  const result = await work(session);
  // An error closes the connection, which rolls back.
  await session.query("COMMIT");
  return result;
}

// Nothing of the statement is shown: it may hold a password.
function described(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const details = [error.detail, error.hint].filter((part) => part !== undefined).map((part) => `. ${part}`);
  return new PostgresError(`${error.message}${details.join("")} (SQLSTATE ${error.code ?? "unknown"})`, error.code);
}

function isCollision(error: unknown): boolean {
  if (error instanceof PostgresError && error.message.startsWith("tuple concurrently ")) return true;
  // Serialisation failure and deadlock.
  return ["40001", "40P01"].includes(sqlState(error) ?? "");
}

/** Nobody listens yet, the server is starting, or it has no connection left. */
function isTransient(error: unknown): boolean {
  return ["ECONNREFUSED", "ECONNRESET", "57P03", "53300"].includes(sqlState(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}
