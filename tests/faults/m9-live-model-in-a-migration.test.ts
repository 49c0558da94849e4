import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M9",
  class: "migrations",
  title: "RunPython imports the live model",
  covers: "migrations that do not build the database from zero",
});

/** As it might have been written when it ran in production: the model had no other columns then. */
const FILLS_BY_THE_LIVE_MODEL = `
from django.db import migrations


def fill(apps, schema_editor):
    from flights.models import Airport

    for airport in Airport.objects.filter(region=""):
        airport.region = "West" if airport.state == "CA" else ""
        airport.save()


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("flights", "0003_airport_region_and_photo")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
`;

describe("M9: RunPython imports the live model", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", [
        "    longitude = models.FloatField()\n",
        "    longitude = models.FloatField()\n    gates = models.IntegerField(null=True)\n",
      ]),
      "flights/migrations/0004_fill_airport_region.py": FILLS_BY_THE_LIVE_MODEL,
      "flights/migrations/0008_airport_gates.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("airport", "gates", models.IntegerField(null=True))',
      ),
    });
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("goes through where the old migration has run, and keeps an unguarded twin from being built anew", async () => {
    expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
    const { exitCode, said } = await twin.migrateFromZero(release);
    expect(exitCode).not.toBe(0);
    expect(said).toContain("column flights_airport.gates does not exist");
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release, { form: "full" });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "schema.fresh-build-fails",
        migration: "flights.0004_fill_airport_region",
        cause: expect.stringContaining("column flights_airport.gates does not exist") as string,
      },
    ]);
  });
});
