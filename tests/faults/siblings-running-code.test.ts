import { describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import {
  blocking,
  type Changes,
  edited,
  LAST_FLIGHTS,
  migrationFile,
  nextRelease,
  rehearse,
  runningRelease,
  Twin,
} from "./harness/stage.ts";

describeFault({
  id: "M4, M5 siblings",
  class: "migrations",
  title: "migrations that go through and break the running code",
  covers: "whatever the running release does with the database",
});

const MIGRATION = "flights.0008_next";

interface Sibling {
  readonly title: string;
  readonly operations: string;
  readonly models?: Changes;
  /** Tables whose rows the running code inserts with a value left out. */
  readonly tables: readonly string[];
  readonly operation: string;
  readonly words: string;
}

const sql = (text: string) => `migrations.RunSQL(${JSON.stringify(text)}, migrations.RunSQL.noop)`;

const SIBLINGS: readonly Sibling[] = [
  {
    title: "a column that it may leave out no longer takes nulls, and existing ones are filled",
    operations:
      `${sql('UPDATE "flights_weatherday" SET "wind" = 0 WHERE "wind" IS NULL')}, ` +
      'migrations.AlterField("weatherday", "wind", models.FloatField(help_text="Wind speed as the source gives it.", default=0))',
    models: edited("flights/models.py", [
      "    wind = models.FloatField(null=True, blank=True,",
      "    wind = models.FloatField(default=0,",
    ]),
    tables: ["flights_weatherday"],
    operation: "INSERT flights.WeatherDay without wind",
    words: 'null value in column "wind"',
  },
  {
    title: "a CHECK forbids what it stores by default, and existing rows keep to it",
    operations: sql(
      `UPDATE "flights_remark" SET "status" = 'declined' WHERE "status" = 'received';
       ALTER TABLE "flights_remark" ADD CONSTRAINT "remark_is_edited" CHECK ("status" <> 'received') NOT VALID`,
    ),
    tables: ["flights_remark"],
    operation: "INSERT flights.Remark without status",
    words: 'violates check constraint "remark_is_edited"',
  },
  {
    title: "its table gets another name",
    operations: 'migrations.AlterModelTable("weatherday", "flights_weather")',
    models: edited("flights/models.py", [
      '        ordering = ["location", "-date"]',
      '        ordering = ["location", "-date"]\n        db_table = "flights_weather"',
    ]),
    tables: [],
    operation: "SELECT flights.WeatherDay",
    words: 'relation "flights_weatherday" does not exist',
  },
  {
    title: "a column gets a type that it cannot compare with",
    operations: sql('ALTER TABLE "flights_remark" ALTER COLUMN "reference" TYPE varchar(36)'),
    tables: [],
    operation: "INSERT flights.Remark",
    words: "operator does not exist: character varying = uuid",
  },
  {
    title: "an index on a text has no room for long ones, and no row is long yet",
    operations: 'migrations.AddIndex("remark", models.Index(fields=["text"], name="remark_text"))',
    models: edited("flights/models.py", [
      'name="remark_status_created_at")]',
      'name="remark_status_created_at"), models.Index(fields=["text"], name="remark_text")]',
    ]),
    tables: ["flights_remark"],
    operation: "INSERT flights.Remark with a long text in text",
    words: "index row",
  },
  {
    title: "it loses a right",
    operations: sql('REVOKE INSERT ON "flights_remark" FROM app'),
    tables: [],
    operation: "INSERT flights.Remark",
    words: "permission denied for table flights_remark",
  },
];

describe("migrations that go through and break the running code", () => {
  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))(
    "%s",
    async (_title, { operations, models = {}, tables, operation, words }) => {
      const release = await nextRelease({
        ...models,
        "flights/migrations/0008_next.py": migrationFile(LAST_FLIGHTS, operations),
      });
      const twin = await Twin.start();
      try {
        expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
        expect(await twin.failures(runningRelease(), tables)).toContainEqual(
          expect.objectContaining({ operation, error: expect.stringContaining(words) as string }),
        );
      } finally {
        await twin.remove();
      }

      const result = await rehearse(release);
      expect(result.verdict).toBe("fail");
      const found = blocking(result);
      expect(found).toContainEqual({
        id: "old-code.breaks",
        migration: MIGRATION,
        cause: expect.stringContaining(words) as string,
      });
      // The same fault may show in different words at different operations, and nothing else is wrong.
      expect(new Set(found.map(({ id, migration }) => `${id} ${migration}`))).toEqual(
        new Set([`old-code.breaks ${MIGRATION}`]),
      );
    },
  );
});
