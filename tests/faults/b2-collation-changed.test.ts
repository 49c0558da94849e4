import pg from "pg";
import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "B2",
  class: "database",
  title: "the library of the collation changed under the database: indexes on texts are wrong",
  covers:
    "collations of another version than the indexes were built with, and indexes whose entries are not in order or lack rows, whatever made them so",
});

/** What the server warns of when something sorts by a collation, or connects. */
async function warnings(twin: Staged, statement: string): Promise<string> {
  const { host, port, username, password, database } = twin.context().administration;
  const client = new pg.Client({ host, port, user: username, password, database });
  const said: string[] = [];
  client.on("notice", ({ message }) => said.push(message ?? ""));
  await client.connect();
  await client.query(statement);
  await client.end();
  return said.join("\n");
}

const WORDS = "SELECT chr(97 + n % 26) || n FROM generate_series(1, 2000) n";

testFaults([
  {
    title: "a collation of ICU has another version",
    byHand: async (place) => {
      place.onReset(() => place.sql("DROP TABLE fault_name; DROP COLLATION fault_german"));
      await place.sql("CREATE COLLATION fault_german (provider = icu, locale = 'de-DE')");
      await place.sql("CREATE TABLE fault_name (name text COLLATE fault_german)");
      await place.sql(`INSERT INTO fault_name ${WORDS}`);
      await place.sql("CREATE INDEX fault_name_name ON fault_name (name)");
      await place.sql("UPDATE pg_collation SET collversion = '57.1' WHERE collname = 'fault_german'");
    },
    breaks: async (twin) => {
      expect(await warnings(twin, "SELECT name FROM fault_name WHERE name > 'm' ORDER BY name LIMIT 1")).toMatch(
        /collation version mismatch|version mismatch/,
      );
    },
    steps: ["database"],
    caught: { id: "database.collation-version", words: /fault_german/ },
  },
  {
    title: "the database's own collation has another version",
    byHand: async (place) => {
      const [before] = await place.sql<{ version: string | null }>(
        "SELECT datcollversion AS version FROM pg_database WHERE datname = current_database()",
      );
      const restored = before?.version == null ? "NULL" : `'${before.version}'`;
      const set = (value: string) =>
        `UPDATE pg_database SET datcollversion = ${value} WHERE datname = current_database()`;
      place.onReset(() => place.sql(set(restored)));
      await place.sql(set("'0.1'"));
    },
    breaks: async (twin) => {
      expect(await warnings(twin, "SELECT 1")).toContain("collation version mismatch");
    },
    steps: ["database"],
    caught: { id: "database.collation-version", words: /database \S+/ },
  },
  {
    title: "an index is in the order of another collation, and rows are not found",
    byHand: async (place) => {
      place.onReset(() => place.sql("DROP TABLE fault_name; DROP COLLATION fault_german"));
      await place.sql("CREATE COLLATION fault_german (provider = icu, locale = 'de-DE')");
      await place.sql('CREATE TABLE fault_name (name text COLLATE "C")');
      await place.sql(
        "INSERT INTO fault_name SELECT CASE WHEN n % 2 = 0 THEN 'Z' ELSE 'a' END || n FROM generate_series(1, 3000) n",
      );
      await place.sql("CREATE INDEX fault_name_name ON fault_name (name)");
      // As if the library had begun to sort in another way: the entries stay where they are.
      await place.sql(
        "UPDATE pg_index SET indcollation = (SELECT oid::text FROM pg_collation WHERE collname = 'fault_german')::oidvector WHERE indexrelid = 'fault_name_name'::regclass",
      );
      await place.sql(
        "UPDATE pg_attribute SET attcollation = (SELECT oid FROM pg_collation WHERE collname = 'fault_german') WHERE attrelid IN ('fault_name'::regclass, 'fault_name_name'::regclass) AND attname = 'name'",
      );
      place.onReset(() => place.sql("DROP INDEX fault_name_name"));
    },
    breaks: async (twin) => {
      const [found] = await twin.sql<{ count: string }>(
        "SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT count(*) FROM fault_name WHERE name = ANY (ARRAY(SELECT 'a' || n FROM generate_series(1, 3000, 2) n))",
      );
      expect(Number(found?.count)).toBeLessThan(1500);
    },
    steps: ["database"],
    caught: { id: "database.corrupt", words: /fault_name_name/ },
  },
]);
