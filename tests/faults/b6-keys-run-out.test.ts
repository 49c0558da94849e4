import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "B6",
  class: "database",
  title: "a 32-bit key is near its end: no more inserts",
  covers:
    "numbers of keys that run out or are taken: of columns, of sequences, of columns that refer to a key, read from the catalogue of any database",
});

/** A table of its own, so that what is put back is one table. */
function table(name: string, ...statements: readonly string[]) {
  return async (place: Staged) => {
    place.onReset(() => place.sql(`DROP TABLE IF EXISTS ${name} CASCADE`));
    for (const statement of statements) await place.sql(statement);
  };
}

/** What production's code does all day. */
function insertsFail(name: string, words: RegExp) {
  return async (twin: Staged) => {
    const statement = `INSERT INTO ${name} (title) SELECT 'late' FROM generate_series(1, 200)`;
    await expect(twin.sql(statement)).rejects.toThrow(words);
  };
}

testFaultsTogether([
  {
    title: "an integer key that has used nearly all of its numbers",
    byHand: table(
      "fault_full",
      "CREATE TABLE fault_full (id serial PRIMARY KEY, title text)",
      "SELECT setval('fault_full_id_seq', 2147483600)",
      "INSERT INTO fault_full (title) VALUES ('one')",
    ),
    breaks: insertsFail("fault_full", /integer out of range|reached maximum value/),
    steps: ["database"],
    caught: { id: "database.key-headroom", words: /fault_full/ },
  },
  {
    title: "a sequence that was given a low end",
    byHand: table(
      "fault_ending",
      "CREATE TABLE fault_ending (id bigserial PRIMARY KEY, title text)",
      "ALTER SEQUENCE fault_ending_id_seq MAXVALUE 1000",
      "SELECT setval('fault_ending_id_seq', 990)",
      "INSERT INTO fault_ending (title) VALUES ('one')",
    ),
    breaks: insertsFail("fault_ending", /reached maximum value/),
    steps: ["database"],
    caught: { id: "database.key-headroom", words: /fault_ending/ },
  },
  {
    title: "a sequence behind its rows, after they were copied",
    byHand: table(
      "fault_behind",
      "CREATE TABLE fault_behind (id bigserial PRIMARY KEY, title text)",
      "INSERT INTO fault_behind (id, title) SELECT n, 'copied' FROM generate_series(1, 500) n",
    ),
    breaks: insertsFail("fault_behind", /duplicate key value/),
    steps: ["database"],
    caught: { id: "database.sequence-behind", words: /fault_behind/ },
  },
]);
