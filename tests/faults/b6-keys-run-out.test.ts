import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "B6",
  class: "database",
  title: "a 32-bit key is near its end: no more inserts",
  covers:
    "numbers of keys that run out or are taken: of columns, of sequences, of columns that refer to a key, read from the catalogue of any database",
});

const TABLE = "fault_ticket";

/** A table of its own, so that what is put back is one table. */
function table(...statements: readonly string[]) {
  return async (place: Staged) => {
    place.onReset(() => place.sql(`DROP TABLE IF EXISTS ${TABLE}_note, ${TABLE} CASCADE`));
    for (const statement of statements) await place.sql(statement);
  };
}

/** What production's code does all day. */
function insertsFail(
  words: RegExp,
  statement = `INSERT INTO ${TABLE} (title) SELECT 'late' FROM generate_series(1, 200)`,
) {
  return async (twin: Staged) => {
    await expect(twin.sql(statement)).rejects.toThrow(words);
  };
}

testFaults([
  {
    title: "an integer key that has used nearly all of its numbers",
    byHand: table(
      `CREATE TABLE ${TABLE} (id serial PRIMARY KEY, title text)`,
      `SELECT setval('${TABLE}_id_seq', 2147483600)`,
      `INSERT INTO ${TABLE} (title) VALUES ('one')`,
    ),
    breaks: insertsFail(/integer out of range|reached maximum value/),
    steps: ["database"],
    caught: { id: "database.key-headroom", words: /fault_ticket.*\d+ %|fault_ticket/ },
  },
  {
    title: "a sequence that was given a low end",
    byHand: table(
      `CREATE TABLE ${TABLE} (id bigserial PRIMARY KEY, title text)`,
      `ALTER SEQUENCE ${TABLE}_id_seq MAXVALUE 1000`,
      `SELECT setval('${TABLE}_id_seq', 990)`,
      `INSERT INTO ${TABLE} (title) VALUES ('one')`,
    ),
    breaks: insertsFail(/reached maximum value/),
    steps: ["database"],
    caught: { id: "database.key-headroom", words: /fault_ticket/ },
  },
  {
    title: "a sequence behind its rows, after they were copied",
    byHand: table(
      `CREATE TABLE ${TABLE} (id bigserial PRIMARY KEY, title text)`,
      `INSERT INTO ${TABLE} (id, title) SELECT n, 'copied' FROM generate_series(1, 500) n`,
    ),
    breaks: insertsFail(/duplicate key value/),
    steps: ["database"],
    caught: { id: "database.sequence-behind", words: /fault_ticket/ },
  },
]);
