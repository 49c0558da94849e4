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
  Twin,
} from "./harness/stage.ts";

describeFault({
  id: "M9 siblings",
  class: "migrations",
  title: "migrations that make another database from zero than from production's",
  covers: "differences between a fresh build and a database with history",
});

interface Sibling {
  readonly title: string;
  readonly changes: Changes;
  /** What building from zero says, or the column or index by which the two differ. */
  readonly zero: { readonly fails: string } | { readonly differs: string };
  readonly finding: { readonly id: string; readonly migration: string; readonly cause: RegExp };
}

const python = (body: string) => `
from django.db import migrations


def forwards(apps, schema_editor):
    Airport = apps.get_model("flights", "Airport")
${body}


class Migration(migrations.Migration):
    dependencies = [("flights", "0007_validate_flight_checks")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
`;

const SIBLINGS: readonly Sibling[] = [
  {
    title: "a migration counts on rows that only production has",
    changes: {
      "flights/migrations/0008_next.py": python(
        '    Airport.objects.filter(pk=Airport.objects.order_by("pk").first().pk).update(region="West")',
      ),
    },
    zero: { fails: "'NoneType' object has no attribute 'pk'" },
    finding: {
      id: "schema.fresh-build-fails",
      migration: "flights.0008_next",
      cause: /'NoneType' object has no attribute 'pk'/,
    },
  },
  {
    title: "a migration makes an index only where there are rows",
    changes: {
      "flights/migrations/0008_next.py": python(
        '    if Airport.objects.exists():\n        schema_editor.execute("CREATE INDEX airport_by_city ON flights_airport (city)")',
      ),
    },
    zero: { differs: "SELECT count(*)::int AS found FROM pg_class WHERE relname = 'airport_by_city'" },
    finding: {
      id: "schema.differs",
      migration: "flights.0008_next",
      cause: /airport_by_city is there although no migration makes it/,
    },
  },
  {
    title: "a migration that has run in production is edited, and another one follows",
    changes: {
      ...edited("flights/models.py", ["max_length=20, blank=True, default", "max_length=30, blank=True, default"]),
      ...edited("flights/migrations/0003_airport_region_and_photo.py", ["max_length=20", "max_length=30"]),
      "flights/migrations/0008_next.py": migrationFile(
        LAST_FLIGHTS,
        "migrations.RunSQL(\"COMMENT ON TABLE flights_airport IS 'with wider regions'\", migrations.RunSQL.noop)",
      ),
    },
    zero: {
      differs:
        "SELECT character_maximum_length AS found FROM information_schema.columns WHERE table_name = 'flights_airport' AND column_name = 'region'",
    },
    finding: {
      id: "schema.differs",
      migration: "",
      cause: /column public\.flights_airport\.region is .*20.*from zero it is .*30/,
    },
  },
  {
    title: "a migration that has run in production is edited, and nothing is pending",
    changes: {
      ...edited("flights/models.py", ["max_length=20, blank=True, default", "max_length=30, blank=True, default"]),
      ...edited("flights/migrations/0003_airport_region_and_photo.py", ["max_length=20", "max_length=30"]),
    },
    zero: {
      differs:
        "SELECT character_maximum_length AS found FROM information_schema.columns WHERE table_name = 'flights_airport' AND column_name = 'region'",
    },
    finding: {
      id: "schema.differs",
      migration: "",
      cause: /column public\.flights_airport\.region is .*20.*from zero it is .*30/,
    },
  },
];

describe("migrations that make another database from zero than from production's", () => {
  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))(
    "%s",
    async (_title, { changes, zero, finding }) => {
      const release = await nextRelease(changes);
      const twin = await Twin.start();
      try {
        expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
        const { exitCode, said, database } = await twin.migrateFromZero(release);
        if ("fails" in zero) {
          expect(exitCode).not.toBe(0);
          expect(said).toContain(zero.fails);
        } else {
          expect(exitCode).toBe(0);
          expect(await twin.sql(zero.differs, database)).not.toEqual(await twin.sql(zero.differs));
        }
      } finally {
        await twin.remove();
      }

      const result = await rehearse(release, { form: "full" });
      expect(result.verdict).toBe("fail");
      const { id, migration, cause } = finding;
      expect(blocking(result)).toEqual([{ id, migration, cause: expect.stringMatching(cause) as string }]);
    },
  );
});
