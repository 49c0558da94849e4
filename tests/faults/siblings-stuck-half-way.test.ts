import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M-siblings-3",
  class: "migrations",
  title: "migrations that are interrupted half-way, and cannot be run again",
  covers: "schema changes that are made without a transaction although they need not be",
});

/** Each row by itself, as is done where a transaction would hold too many locks. */
const ROW_BY_ROW = `
import time


def fill(apps, schema_editor):
    for airport in apps.get_model("flights", "Airport").objects.all()[:20]:
        airport.save(update_fields=["name"])
        # As long as many rows take: whoever interrupts it must have time to.
        time.sleep(0.1)

`;
const FILL = "migrations.RunPython(fill, migrations.RunPython.noop)";
const ELEVATION = "elevation_feet = models.IntegerField(null=True, blank=True)";
const GATE = '[("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=10))]';

const SIBLINGS = [
  {
    title: "a column is added, and rows are filled one by one",
    changes: {
      ...edited("flights/models.py", [
        "    latitude = models.FloatField()\n",
        `    ${ELEVATION}\n    latitude = models.FloatField()\n`,
      ]),
      "flights/migrations/0008_next.py": `${ROW_BY_ROW}${migrationFile(
        LAST_FLIGHTS,
        `migrations.AddField("airport", "elevation_feet", models.IntegerField(null=True, blank=True)), ${FILL}`,
        "atomic = False",
      )}`,
    },
    there: "SELECT 1 FROM information_schema.columns WHERE column_name = 'elevation_feet'",
  },
  {
    title: "a table is made, and rows of another are filled one by one",
    changes: {
      ...edited("flights/models.py", [
        "class Airport(",
        "class Gate(models.Model):\n    name = models.CharField(max_length=10)\n\n\nclass Airport(",
      ]),
      "flights/migrations/0008_next.py": `${ROW_BY_ROW}${migrationFile(
        LAST_FLIGHTS,
        `migrations.CreateModel("Gate", fields=${GATE}), ${FILL}`,
        "atomic = False",
      )}`,
    },
    there: "SELECT 1 FROM information_schema.tables WHERE table_name = 'flights_gate'",
  },
];

/** Miles become kilometres in batches that commit one by one: nothing tells what has been converted. */
const CONVERT = `
import time

from django.db.models import F


def convert(apps, schema_editor):
    flights = apps.get_model("flights", "Flight").objects
    last = flights.order_by("-pk").values_list("pk", flat=True).first() or 0
    size = last // 20 + 1
    for first in range(0, last + 1, size):
        flights.filter(pk__gte=first, pk__lt=first + size).update(distance_miles=F("distance_miles") * 1.609344)
        time.sleep(0.1)

`;

describe("a migration that is interrupted half-way", () => {
  it("does again what is done, where nothing tells it apart", async () => {
    const release = await nextRelease({
      "flights/migrations/0008_next.py": `${CONVERT}${migrationFile(
        LAST_FLIGHTS,
        "migrations.RunPython(convert, migrations.RunPython.noop)",
        "atomic = False",
      )}`,
    });
    const twin = await Twin.start();
    try {
      const sum = async () => {
        const [{ miles } = { miles: 0 }] = await twin.sql<{ miles: number }>(
          "SELECT sum(distance_miles)::float8 AS miles FROM flights_flight",
        );
        return miles;
      };
      const before = await sum();
      const first = twin.migrate(release);
      while ((await sum()) === before) await sleep(20);
      await twin.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'");
      expect((await first).exitCode).not.toBe(0);
      expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
      expect((await sum()) / before).toBeGreaterThan(1.63);
    } finally {
      await twin.remove();
    }

    const result = await rehearse(release, { form: "full" });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toContainEqual({
      id: "migration.not-repeatable",
      migration: "flights.0008_next",
      cause: expect.stringMatching(
        /interrupted and run again it ends with other values than in one go: flights_flight\.distance_miles/,
      ) as string,
    });
  });

  it.each(SIBLINGS.map((sibling) => [sibling.title, sibling] as const))("%s", async (_title, { changes, there }) => {
    const release = await nextRelease(changes);
    const twin = await Twin.start();
    try {
      const first = twin.migrate(release);
      while ((await twin.sql(there)).length === 0) await sleep(20);
      await twin.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'");
      expect((await first).exitCode).not.toBe(0);
      const second = await twin.migrate(release);
      expect(second.exitCode).not.toBe(0);
      expect(second.said).toContain("already exists");
    } finally {
      await twin.remove();
    }

    const result = await rehearse(release, { form: "full" });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toContainEqual({
      id: "migration.not-atomic.stuck",
      migration: "flights.0008_next",
      cause: expect.stringMatching(/it is not atomic: killed after statement 1\b/) as string,
    });
  });
});
