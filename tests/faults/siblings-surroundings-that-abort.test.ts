import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { blocking, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M11, R4 siblings",
  class: "migrations",
  title: "migrations that what is around them aborts",
  covers: "extensions, rights, limits and leftovers of the database",
});

const MIGRATION = "flights.0008_next";

interface Sibling {
  readonly title: string;
  readonly file: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What makes the twin's server like the environment's, and undoes it. */
  readonly prepare?: readonly [before: string, after: string];
  readonly words: string;
  readonly id: string;
}

const python = (body: string, attributes = "") => `
from django.db import migrations


def forwards(apps, schema_editor):
    Airport = apps.get_model("flights", "Airport")
    Flight = apps.get_model("flights", "Flight")
${body}


class Migration(migrations.Migration):
${attributes}    dependencies = [("flights", "0007_validate_flight_checks")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
`;
const sql = (text: string, attributes = "") =>
  migrationFile(LAST_FLIGHTS, `migrations.RunSQL(${JSON.stringify(text)}, migrations.RunSQL.noop)`, attributes);

const SIBLINGS: readonly Sibling[] = [
  {
    title: "it counts on a row of a developer's machine",
    file: python('    Airport.objects.get(code="HOME").delete()'),
    words: "Airport matching query does not exist",
    id: "migration.aborts.objects",
  },
  {
    title: "its Python meets a null",
    file: python(
      '    for flight in Flight.objects.order_by("id")[:40]:\n        flight.delay_minutes += 1\n        flight.save()',
    ),
    words: "unsupported operand type(s) for +=: 'NoneType' and 'int'",
    id: "migration.aborts",
  },
  {
    title: "it needs an extension that the server lacks",
    file: sql("CREATE EXTENSION postgis"),
    words: 'extension "postgis" is not available',
    id: "migration.aborts.extension",
  },
  {
    title: "it needs a right that the owner has not",
    file: sql("CREATE ROLE reader"),
    words: "permission denied to create role",
    id: "migration.aborts.rights",
  },
  {
    title: "it takes longer than the server allows",
    file: sql('UPDATE "flights_flight" SET "delay_minutes" = coalesce("delay_minutes", 0) + 1'),
    environment: { MIGRATION_STATEMENT_TIMEOUT: "250" },
    prepare: ["ALTER ROLE owner SET statement_timeout = '250ms'", "ALTER ROLE owner RESET statement_timeout"],
    words: "canceling statement due to statement timeout",
    id: "migration.aborts.time",
  },
];

describe("migrations that what is around them aborts", () => {
  let twin: Twin;

  beforeAll(async () => {
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))(
    "%s",
    async (_title, { file, environment, prepare, words, id }) => {
      const release = await nextRelease({ "flights/migrations/0008_next.py": file }, environment);
      if (prepare !== undefined) await twin.sql(prepare[0]);
      const { exitCode, said } = await twin.migrate(release);
      if (prepare !== undefined) await twin.sql(prepare[1]);
      expect(exitCode).not.toBe(0);
      expect(said).toContain(words);

      const result = await rehearse(release);
      expect(result.verdict).toBe("fail");
      expect(blocking(result)).toEqual([{ id, migration: MIGRATION, cause: expect.stringContaining(words) as string }]);
    },
  );

  it("a unique index built concurrently over duplicates leaves an invalid index, and no second try goes through", async () => {
    const release = await nextRelease({
      "flights/migrations/0008_next.py": sql(
        'CREATE UNIQUE INDEX CONCURRENTLY "airport_named_once" ON "flights_airport" ("name")',
        "atomic = False",
      ),
    });
    expect((await twin.migrate(release)).said).toContain('could not create unique index "airport_named_once"');
    expect(await twin.sql("SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid")).toEqual([
      { name: "airport_named_once" },
    ]);
    expect((await twin.migrate(release)).said).toContain('relation "airport_named_once" already exists');

    const result = await rehearse(release);
    expect(blocking(result)).toEqual([
      {
        id: "migration.aborts.duplicates",
        migration: MIGRATION,
        cause: expect.stringContaining('"airport_named_once"') as string,
      },
    ]);
    expect(result.findings[0]?.consequence).toContain("half-way");
  });
});
