import { describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { expectStopped, type WaitingSibling } from "./harness/waiting-sibling.ts";

describeFault({
  id: "M6, M7 siblings",
  class: "migrations",
  title: "Python code that keeps the running release waiting",
  covers: "locks that code of a migration holds",
});

const sql = (text: string) => `migrations.RunSQL(${JSON.stringify(text)}, migrations.RunSQL.noop)`;
const python = (body: string, before = "") => `
import time

from django.db import migrations, models


def forwards(apps, schema_editor):
${body}


class Migration(migrations.Migration):
    dependencies = [("flights", "0007_validate_flight_checks")]
    operations = [${before}migrations.RunPython(forwards, migrations.RunPython.noop)]
`;

const SIBLINGS: readonly WaitingSibling[] = [
  {
    title: "Python code that locks a table while it does something else",
    file: python('    schema_editor.execute("LOCK TABLE flights_airport IN ACCESS EXCLUSIVE MODE")\n    time.sleep(3)'),
    statement: "SELECT * FROM flights_airport LIMIT 1",
    cause: /AccessExclusiveLock on flights_airport for \d\.\d s after LOCK TABLE flights_airport/,
  },
  {
    title: "Python code that dawdles after a change of the schema in the same transaction",
    file: python(
      "    time.sleep(3)",
      `${sql('ALTER TABLE "flights_weatherday" ADD COLUMN "gusts" double precision')}, `,
    ),
    statement: "SELECT * FROM flights_weatherday LIMIT 1",
    cause: /AccessExclusiveLock on flights_weatherday for \d\.\d s after ALTER TABLE "flights_weatherday"/,
  },
];

describe("Python code that keeps the running release waiting", () => {
  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))("%s", async (_title, sibling) => {
    expect.hasAssertions();
    await expectStopped(sibling);
  });
});
