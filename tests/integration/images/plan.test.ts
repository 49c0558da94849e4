import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  APP,
  buildWithMigration,
  ENTRIES,
  FORGOTTEN,
  PENDING,
  type PendingProject,
  startPending,
  TABLE,
} from "./pending-project.ts";
import { Bench } from "./support.ts";

const DARING = "images-test-pending-daring";

/** Code that would write while its SQL is collected, and a constraint that no clean database has room for. */
const DARING_MIGRATION = `
from django.db import migrations
from guestbook.models import Entry

def purge(apps, schema_editor):
    Entry.objects.all().delete()

class Purge(migrations.operations.base.Operation):
    reversible = True
    def state_forwards(self, app_label, state):
        pass
    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("DELETE FROM guestbook_entry")
    def describe(self):
        return "Purge"

class Migration(migrations.Migration):
    dependencies = [("guestbook", "0001_entry")]
    operations = [
        Purge(),
        migrations.RunPython(purge),
        migrations.RunSQL("CREATE INDEX CONCURRENTLY daring ON guestbook_entry (name)", migrations.RunSQL.noop),
    ]
`;

const bench = new Bench();
let project: PendingProject;

beforeAll(async () => {
  project = await startPending(bench);
  await buildWithMigration(DARING, "0002_daring.py", DARING_MIGRATION);
}, 900_000);

afterAll(() => bench.remove());

interface Plan {
  database: string;
  pending: {
    name: string;
    sql: string[];
    atomic: boolean;
    reversible: boolean;
    irreversible: string[];
    tables: string[];
  }[];
  missing: { change: string; schema: boolean; own: boolean }[];
  lint: { id: string; severity: string; migration: string; subject: string }[];
}

async function plan(name: string, image = PENDING): Promise<Plan> {
  const finished = await project.run("plan", name, { image });
  expect(finished.stderr).toBe("");
  return JSON.parse(finished.stdout) as Plan;
}

function summary({ lint }: Plan): string[] {
  return lint.map(({ severity, migration, id, subject }) => `${severity} ${migration} ${id} ${subject}`);
}

describe("run plan", { timeout: 60_000 }, () => {
  it("gives the SQL, the tables, atomicity and reversibility of what is pending", async () => {
    const { pending } = await plan("base");
    expect(pending.map(({ name, atomic, reversible }) => [name, atomic, reversible])).toEqual([
      ["0002_columns", true, true],
      ["0003_index_concurrently", false, true],
      ["0004_fill_in_batches", false, true],
      ["0005_wider_likes", true, true],
      ["0006_two_statements", false, false],
      ["0007_nickname_required", true, true],
    ]);
    expect(pending.map(({ tables }) => tables)).toEqual(pending.map(() => [TABLE]));
    expect(pending.map(({ sql }) => sql).slice(1, 4)).toEqual([
      [`CREATE INDEX CONCURRENTLY "entry_name" ON "${TABLE}" ("name");`],
      ["-- Python: guestbook.migrations.0004_fill_in_batches.fill"],
      [
        `ALTER TABLE "${TABLE}" ALTER COLUMN "likes" TYPE bigint USING "likes"::bigint;`,
        `CREATE INDEX "entry_likes" ON "${TABLE}" ("likes");`,
      ],
    ]);
    expect(pending[4]?.irreversible).toEqual(["Raw SQL operation"]);
  });

  it("gives the same SQL where no database can be reached, and finds nothing in tables that are yet to be made", async () => {
    const [near, far] = [await plan("base"), await plan("nowhere")];
    expect(far.database).toBe("absent");
    expect(far.pending.slice(-6).map(({ name }) => name)).not.toContain("0001_entry");
    for (const migration of near.pending) expect(far.pending).toContainEqual(migration);
    expect(summary(far).filter((line) => !line.startsWith("note"))).toEqual([]);
  });

  it("finds what is risky in the migrations and nothing in those that are made well", async () => {
    expect(summary(await plan("base"))).toEqual([
      // A table of a few hundred kilobytes: nobody waits for it.
      `note ${APP}0005_wider_likes migration.type-rewrites ${TABLE}.likes`,
      `note ${APP}0005_wider_likes migration.index-blocks-writes ${TABLE}`,
      `note ${APP}0006_two_statements migration.sql-irreversible ALTER TABLE guestbook_entry ADD COLUMN second_note text;`,
      `note ${APP}0007_nickname_required migration.not-null-scans ${TABLE}.nickname`,
      `warning ${APP}0007_nickname_required migration.not-null-without-default ${TABLE}.nickname`,
    ]);
  });

  it("writes nothing, whatever an operation does when its SQL is asked for, and names code that uses live models", async () => {
    await project.clone("unharmed");
    const daring = await plan("unharmed", DARING);
    expect(await project.database.sql("unharmed", `SELECT count(*) FROM ${TABLE}`)).toBe(String(ENTRIES));
    expect(daring.pending[0]?.sql[0]).toMatch(/^-- cannot be told before it runs: .*read-only transaction/);
    expect(summary(daring)).toEqual([
      `blocking ${APP}0002_daring migration.concurrently-in-transaction CREATE INDEX CONCURRENTLY daring ON guestbook_entry (name)`,
      `warning ${APP}0002_daring migration.live-models guestbook.migrations.0002_daring.purge`,
      `note ${APP}0002_daring migration.python-irreversible guestbook.migrations.0002_daring.purge`,
    ]);
  });

  it("names what makemigrations would make", async () => {
    expect((await plan("base")).missing).toEqual([]);
    const own = { schema: true, own: true };
    expect((await plan("base", FORGOTTEN)).missing).toEqual([
      { change: "guestbook: Add field likes to entry", ...own },
      { change: "guestbook: Add field nickname to entry", ...own },
      { change: "guestbook: Create index entry_name on field(s) name of model entry", ...own },
      { change: "guestbook: Create index entry_likes on field(s) likes of model entry", ...own },
    ]);
  });
});
