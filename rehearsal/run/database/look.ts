import pg from "pg";
import { type PostgresAddress, withConnection } from "../../../engine/postgres.ts";
import type { Finding } from "../../finding.ts";

/** One thing that is looked at in a database. */
export interface Look {
  /** In words, to be read after "not looked at:". */
  readonly what: string;
  readonly look: (client: pg.Client) => Promise<readonly Finding[]>;
  /** Makes something in its transaction, which is rolled back: it cannot be read-only. */
  readonly writes?: true;
}

/** What waits longer would be in the way of the running application. */
const LOCK_MILLISECONDS = 300;
const STATEMENT_MILLISECONDS = 5000;

/** Data corrupted, index corrupted, and the server's own errors with its files. */
const BROKEN = /^(XX00[12]|58...)$/;

/**
 * Looks at one thing after another on one connection, each in a transaction of its own that is rolled back, and that
 * neither waits for a lock nor runs for long. What cannot be looked at becomes a note; a look that meets broken files, a
 * finding that blocks.
 *
 * @throws Error where the database cannot be reached
 */
export async function lookAt(
  address: PostgresAddress,
  looks: readonly Look[],
  signal?: AbortSignal,
): Promise<Finding[]> {
  return withConnection(address, async (client) => {
    const findings: Finding[] = [];
    for (const look of looks) {
      signal?.throwIfAborted();
      findings.push(...(await lookOnce(client, look)));
    }
    return findings;
  });
}

async function lookOnce(client: pg.Client, { what, look, writes }: Look): Promise<readonly Finding[]> {
  await client.query(writes === true ? "BEGIN" : "BEGIN READ ONLY");
  try {
    await guard(client);
    return await look(client);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    const { code = "", message } = error;
    // Rights that are missing, what another version does not have, what took too long: no fault of the database.
    return [isBroken(code) ? brokenFinding(what, message) : notLookedAt(what, message)];
  } finally {
    await client.query("ROLLBACK");
  }
}

/** Whether an error's code says that the server's files are not what they should be. */
export function isBroken(code: string): boolean {
  return BROKEN.test(code);
}

/** In a transaction: it does not wait for the application, and the application does not wait for it. */
export async function guard(client: pg.Client, statementMilliseconds = STATEMENT_MILLISECONDS): Promise<void> {
  await client.query(
    `SET LOCAL lock_timeout = ${LOCK_MILLISECONDS}; SET LOCAL statement_timeout = ${statementMilliseconds}; ` +
      "SET LOCAL idle_in_transaction_session_timeout = 60000",
  );
}

/** Tries something in a savepoint: the transaction goes on whatever it says. */
export async function attempt<T>(
  client: pg.Client,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly code: string; readonly message: string }> {
  await client.query("SAVEPOINT attempt");
  try {
    const value = await work();
    await client.query("RELEASE SAVEPOINT attempt");
    return { value };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query("ROLLBACK TO SAVEPOINT attempt");
    return { code: error.code ?? "", message: error.message };
  }
}

/** A note on what is not known. */
export function notLookedAt(what: string, why: string): Finding {
  return {
    id: "database.not-looked-at",
    severity: "note",
    subject: what,
    cause: `not looked at: ${why}`,
    consequence: "Whether it is in order is not known.",
    remedy: "Give the administering role the right (pg_monitor shows most), or look yourself.",
  };
}

/** What the server says of files that are not what they should be. */
export function brokenFinding(what: string, message: string): Finding {
  return {
    id: "database.corrupt",
    severity: "blocking",
    subject: what,
    cause: `the server meets broken data: ${message}`,
    consequence: "Rows are lost or wrong, and whatever reads them fails.",
    remedy: "Rebuild the index with REINDEX where it is one; restore the table from a backup where it is not.",
    evidence: [message],
  };
}
