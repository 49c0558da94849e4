import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { PostgresAddress } from "../../../engine/postgres.ts";

const PAUSE_MILLISECONDS = 20;

/**
 * Longest time, in seconds, that each statement took while something else was going on. Each is run over and over on a
 * connection of its own, and undone.
 */
export async function waitsDuring<Name extends string>(
  address: PostgresAddress,
  statements: Readonly<Record<Name, string>>,
  work: () => Promise<unknown>,
): Promise<Record<Name, number>> {
  let over = false;
  const longest = Object.fromEntries(Object.keys(statements).map((name) => [name, 0])) as Record<Name, number>;
  const probes = (Object.entries(statements) as [Name, string][]).map(async ([name, sql]) => {
    const client = await connected(address);
    while (!over) {
      const began = Date.now();
      await client.query("BEGIN");
      await client.query(sql);
      await client.query("ROLLBACK");
      longest[name] = Math.max(longest[name], (Date.now() - began) / 1000);
      await sleep(PAUSE_MILLISECONDS);
    }
    await client.end();
  });
  try {
    await work();
  } finally {
    over = true;
    await Promise.all(probes);
  }
  return longest;
}

/** A report that reads tables in one long transaction: it ends after some seconds from now. */
export async function longReport(
  address: PostgresAddress,
  sql: string,
  seconds: number,
): Promise<{ end: Promise<void> }> {
  const client = await connected(address);
  await client.query("BEGIN");
  await client.query(sql);
  const end = sleep(seconds * 1000).then(() => client.end());
  return { end };
}

async function connected({ host, port, username, password, database }: PostgresAddress): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user: username, password, database, ssl: false });
  await client.connect();
  return client;
}
