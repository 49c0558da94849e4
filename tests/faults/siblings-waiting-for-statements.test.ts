import { describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { LAST_FLIGHTS, migrationFile } from "./harness/stage.ts";
import { expectStopped, type WaitingSibling } from "./harness/waiting-sibling.ts";

describeFault({
  id: "M6, M16 siblings",
  class: "migrations",
  title: "statements that keep the running release waiting",
  covers: "locks of any statement",
});

const sql = (text: string) => `migrations.RunSQL(${JSON.stringify(text)}, migrations.RunSQL.noop)`;
const READ_FLIGHT = "SELECT * FROM flights_flight LIMIT 1";
const CHECK = `CHECK (md5(repeat("distance_miles"::text, 300)) <> '')`;

const SIBLINGS: readonly WaitingSibling[] = [
  {
    title: "many rows changed after a change of the schema in the same transaction",
    file: migrationFile(
      LAST_FLIGHTS,
      `${sql('ALTER TABLE "flights_flight" ADD COLUMN "late" boolean NOT NULL DEFAULT false')}, ` +
        sql('UPDATE "flights_flight" SET "late" = coalesce("delay_minutes", 0) > 15 WHERE "id" % 4 = 0'),
    ),
    statement: READ_FLIGHT,
    cause: /UPDATE "flights_flight".* runs while AccessExclusiveLock on flights_flight, taken by ALTER TABLE/,
  },
  {
    title: "a constraint added and validated in one transaction",
    file: migrationFile(
      LAST_FLIGHTS,
      `${sql(`ALTER TABLE "flights_flight" ADD CONSTRAINT "flight_digest" ${CHECK} NOT VALID`)}, ` +
        sql('ALTER TABLE "flights_flight" VALIDATE CONSTRAINT "flight_digest"'),
    ),
    statement: READ_FLIGHT,
    cause: /VALIDATE CONSTRAINT "flight_digest" runs while AccessExclusiveLock on flights_flight, taken by ALTER TABLE/,
  },
  {
    title: "a type that has the table written anew",
    file: migrationFile(
      LAST_FLIGHTS,
      sql('ALTER TABLE "flights_flight" ALTER COLUMN "distance_miles" TYPE numeric(8,2)'),
    ),
    statement: READ_FLIGHT,
    cause: /ALTER COLUMN "distance_miles" TYPE numeric.* holds AccessExclusiveLock on flights_flight/,
  },
  {
    title: "all rows changed by one statement, which has come by most of them before it ends",
    file: migrationFile(LAST_FLIGHTS, sql('UPDATE "flights_flight" SET "distance_miles" = "distance_miles"')),
    statement: 'UPDATE "flights_flight" SET "delay_minutes" = 5 WHERE "id" = 300001',
    cause:
      /UPDATE "flights_flight".* holds RowExclusiveLock on flights_flight, which keeps the running release waiting/,
  },
];

describe("statements that keep the running release waiting", () => {
  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))("%s", async (_title, sibling) => {
    expect.hasAssertions();
    await expectStopped(sibling);
  });
});
