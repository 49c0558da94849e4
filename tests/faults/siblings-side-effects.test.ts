import { describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import {
  blocking,
  type Changes,
  edited,
  LAST_FLIGHTS,
  migrationFile,
  nextRelease,
  productionWith,
  rehearse,
  Twin,
} from "./harness/stage.ts";

describeFault({
  id: "M13 siblings",
  class: "migrations",
  title: "migrations that go through and leave something amiss",
  covers: "rows, values, sequences, constraints and indexes after a migration",
});

interface Sibling {
  readonly title: string;
  /** What production's release differs in, where the release needs one before it. */
  readonly before?: Changes;
  readonly changes: Changes;
  /** That is named; empty where the finding is of all. */
  readonly migration: string;
  /** What the unguarded twin holds, and what it holds after the migrations, although nobody asked for that. */
  readonly seen: readonly [query: string, before: string, after: string];
  readonly id: string;
  readonly cause: RegExp;
}

const sql = (...texts: readonly string[]) =>
  texts.map((text) => `migrations.RunSQL(${JSON.stringify(text)}, migrations.RunSQL.noop)`).join(", ");
const next = (operations: string, attributes = "") => ({
  "flights/migrations/0008_next.py": migrationFile(LAST_FLIGHTS, operations, attributes),
});
const then = (operations: string) => ({
  "flights/migrations/0009_then.py": migrationFile(["flights", "0008_next"], operations),
});

/** As later versions of Django do on request: whatever refers to an airport goes with it. */
const CASCADE = {
  "flights/migrations/0008_next.py": `
from django.db import migrations

FOREIGN_KEYS = """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
                  WHERE contype = 'f' AND confrelid = 'flights_airport'::regclass"""


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        found = cursor.fetchall()
    for table, name, definition in found:
        schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        cascading = definition.replace("DEFERRABLE", "ON DELETE CASCADE DEFERRABLE")
        schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {cascading}")


class Migration(migrations.Migration):
    dependencies = [("flights", "0007_validate_flight_checks")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
`,
};

const gate = (name: string) =>
  edited("flights/models.py", [
    "class WeatherDay(",
    `class ${name}(models.Model):\n    name = models.CharField(max_length=10)\n\n\nclass WeatherDay(`,
  ]);

/** Gates, and a group of people who may see them. */
const GATES: Changes = {
  ...gate("Gate"),
  ...next(
    'migrations.CreateModel("Gate", fields=[("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")), ("name", models.CharField(max_length=10))])',
  ),
  "flights/migrations/0009_ground.py": `
from django.db import migrations


def add(apps, schema_editor):
    types, permissions = apps.get_model("contenttypes", "ContentType"), apps.get_model("auth", "Permission")
    gate, _ = types.objects.get_or_create(app_label="flights", model="gate")
    permission, _ = permissions.objects.get_or_create(content_type=gate, codename="view_gate", defaults={"name": "Can view gate"})
    apps.get_model("auth", "Group").objects.create(name="ground").permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("flights", "0008_next"), ("auth", "0012_alter_user_first_name_max_length"), ("contenttypes", "0002_remove_content_type_name")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
`,
};

const SIBLINGS: readonly Sibling[] = [
  {
    title: "a model has another name, and its permissions have not",
    before: GATES,
    changes: {
      ...GATES,
      ...gate("Stand"),
      "flights/migrations/0010_stand.py": migrationFile(
        ["flights", "0009_ground"],
        'migrations.RenameModel("Gate", "Stand")',
      ),
    },
    migration: "",
    seen: [
      "SELECT count(*) > 0 AS found FROM auth_group_permissions JOIN auth_permission p ON p.id = permission_id JOIN django_content_type t ON t.id = p.content_type_id WHERE model = 'stand' AND codename = 'view_gate'",
      "false",
      "true",
    ],
    id: "data.permission",
    cause: /1 group holds the permission, and its model, which has another name after the migrations/,
  },
  {
    title: "a row of reference is stored under a key that another row has",
    changes: {
      "flights/migrations/0008_next.py": `
from django.db import migrations


def seed(apps, schema_editor):
    airports = apps.get_model("flights", "Airport").objects
    airports.update_or_create(pk=1, defaults={"code": "ZZZZ", "name": "Unknown", "country": "USA", "latitude": 0, "longitude": 0})


class Migration(migrations.Migration):
    dependencies = [("flights", "0007_validate_flight_checks")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
`,
    },
    migration: "flights.0008_next",
    seen: ["SELECT count(*) = 0 AS found FROM flights_airport WHERE code = '1001'", "false", "true"],
    id: "migration.fixed-key",
    cause: /seed takes a row by a key that was given out by another database: update_or_create\(pk=1\)/,
  },
  {
    title: "rows of another table go through ON DELETE CASCADE",
    changes: {
      ...CASCADE,
      ...then(sql(`DELETE FROM "flights_airport" WHERE "code" = '1005'`)),
    },
    migration: "flights.0009_then",
    seen: ["SELECT count(*) < 800 AS found FROM flights_remark", "false", "true"],
    id: "data.rows-changed",
    cause: /rows after the migrations and had 800/,
  },
  {
    title: "a trigger alters columns that nobody names",
    changes: {
      ...next(
        sql(
          "CREATE FUNCTION touch() RETURNS trigger AS $$ BEGIN NEW.state := 'XX'; RETURN NEW; END $$ LANGUAGE plpgsql",
          'CREATE TRIGGER touch BEFORE UPDATE ON "flights_airport" FOR EACH ROW EXECUTE FUNCTION touch()',
        ),
      ),
      ...then(sql('UPDATE "flights_airport" SET "region" = \'East\' WHERE "id" % 2 = 0')),
    },
    migration: "flights.0009_then",
    seen: ["SELECT count(*) FILTER (WHERE state = 'XX') > 0 AS found FROM flights_airport", "false", "true"],
    id: "data.values-changed",
    cause: /values of state changed/,
  },
  {
    title: "a sequence stays behind keys that were written out",
    changes: next(
      sql(
        'INSERT INTO "etl_feedstate" ("id", "feed", "checked_at", "release") VALUES (1, \'weather\', now(), \'\'), (2, \'flights\', now(), \'\')',
      ),
    ),
    migration: "flights.0008_next",
    seen: [
      "SELECT (SELECT max(id) FROM etl_feedstate) >= nextval(pg_get_serial_sequence('etl_feedstate', 'id')) AS found",
      "null",
      "true",
    ],
    id: "data.sequence-behind",
    cause: /next value is 1, while etl_feedstate\.id holds 2/,
  },
  {
    title: "an error is swallowed, and an invalid index stays",
    changes: {
      "flights/migrations/0008_next.py": `
from django.db import migrations


def forwards(apps, schema_editor):
    try:
        schema_editor.execute('CREATE UNIQUE INDEX CONCURRENTLY "airport_named_once" ON "flights_airport" ("name")')
    except Exception:
        pass


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("flights", "0007_validate_flight_checks")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
`,
    },
    migration: "flights.0008_next",
    seen: ["SELECT count(*) > 0 AS found FROM pg_index WHERE NOT indisvalid", "false", "true"],
    id: "data.index-invalid",
    cause: /the index is invalid after the migrations/,
  },
];

describe("migrations that go through and leave something amiss", () => {
  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))(
    "%s",
    async (_title, { before: earlier, changes, migration, seen: [query, before, after], id, cause }) => {
      const production = await productionWith(earlier);
      const release = await nextRelease(changes);
      const twin = await Twin.start();
      const found = async () => String((await twin.sql<{ found: boolean | null }>(query))[0]?.found);
      try {
        if (earlier !== undefined) expect(await twin.migrate(production.outgoing)).toMatchObject({ exitCode: 0 });
        expect(await found()).toBe(before);
        expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
        expect(await found()).toBe(after);
      } finally {
        await twin.remove();
      }

      const result = await rehearse(release, { form: "full", ...production });
      expect(result.verdict).toBe("fail");
      expect(blocking(result)).toContainEqual({ id, migration, cause: expect.stringMatching(cause) as string });
    },
  );
});
