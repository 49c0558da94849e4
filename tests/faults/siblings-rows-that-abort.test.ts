import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import {
  blocking,
  type Changes,
  edited,
  LAST_FLIGHTS,
  migrationFile,
  nextRelease,
  rehearse,
  Twin,
} from "./harness/stage.ts";

describeFault({
  id: "M1, M2 siblings",
  class: "migrations",
  title: "migrations that rows of production abort",
  covers: "whatever a migration does with rows",
});

const MIGRATION = "flights.0008_next";

interface Sibling {
  readonly title: string;
  readonly operations: string;
  readonly models?: Changes;
  /** The server's or Django's words. */
  readonly words: string;
  readonly id: string;
}

const sql = (text: string) => `migrations.RunSQL(${JSON.stringify(text)}, migrations.RunSQL.noop)`;

const SIBLINGS: readonly Sibling[] = [
  {
    title: "CHECK that rows break",
    operations:
      'migrations.AddConstraint("flight", models.CheckConstraint(condition=Q(delay_minutes__lt=200), name="flight_delay_bounded"))',
    models: edited("flights/models.py", [
      '            models.CheckConstraint(condition=Q(distance_miles__gt=0), name="flight_has_distance"),',
      '            models.CheckConstraint(condition=Q(distance_miles__gt=0), name="flight_has_distance"),\n' +
        '            models.CheckConstraint(condition=Q(delay_minutes__lt=200), name="flight_delay_bounded"),',
    ]),
    words: 'check constraint "flight_delay_bounded" of relation "flights_flight" is violated by some row',
    id: "migration.aborts.rows",
  },
  {
    title: "text shortened under longer values",
    operations: 'migrations.AlterField("airport", "name", models.CharField(max_length=7))',
    models: edited("flights/models.py", [
      "    name = models.CharField(max_length=120)",
      "    name = models.CharField(max_length=7)",
    ]),
    words: "value too long for type character varying(7)",
    id: "migration.aborts.values",
  },
  {
    title: "key narrowed under greater values",
    operations: sql('ALTER TABLE "flights_flight" ALTER COLUMN "id" TYPE smallint'),
    words: "cannot be greater than MAXVALUE (32767)",
    id: "migration.aborts.values",
  },
  {
    title: "text made a number where some is none",
    operations: sql('ALTER TABLE "flights_airport" ALTER COLUMN "city" TYPE integer USING "city"::integer'),
    words: "invalid input syntax for type integer",
    id: "migration.aborts.values",
  },
  {
    title: "foreign key over orphans",
    operations: sql(
      'ALTER TABLE "etl_run" ADD CONSTRAINT "run_of_known_feed" FOREIGN KEY ("feed") REFERENCES "etl_feedstate" ("feed")',
    ),
    words: 'violates foreign key constraint "run_of_known_feed"',
    id: "migration.aborts.orphans",
  },
  {
    title: "rows changed and their table altered in one transaction",
    operations:
      `${sql('UPDATE "flights_remark" SET "airport_id" = "airport_id" + 1 WHERE "airport_id" IS NOT NULL')}, ` +
      sql('ALTER TABLE "flights_remark" ALTER COLUMN "kind" SET DEFAULT \'other\''),
    words: "pending trigger events",
    id: "migration.aborts.pending-triggers",
  },
];

describe("migrations that rows of production abort", () => {
  let twin: Twin;

  beforeAll(async () => {
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))(
    "%s",
    async (_title, { operations, models = {}, words, id }) => {
      const release = await nextRelease({
        ...models,
        "flights/migrations/0008_next.py": migrationFile(LAST_FLIGHTS, operations),
      });
      // Atomic: the twin stays what it was.
      const { exitCode, said } = await twin.migrate(release);
      expect(exitCode).not.toBe(0);
      expect(said).toContain(words);

      const result = await rehearse(release);
      expect(result.verdict).toBe("fail");
      expect(blocking(result)).toEqual([{ id, migration: MIGRATION, cause: expect.stringContaining(words) as string }]);
    },
  );
});
