import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";
import { longReport, waitsDuring } from "./harness/waits.ts";

describeFault({
  id: "M6",
  class: "migrations",
  title: "a foreign key is added during a long SELECT",
  covers: "locks that queue behind a transaction, and everything behind them",
});

const MIGRATION = "flights.0008_flight_diverted_to";
const FIELD =
  'models.ForeignKey("flights.airport", models.PROTECT, null=True, blank=True, related_name="diverted", db_index=False)';

function changes(before: string) {
  return {
    ...edited("flights/models.py", [
      '    distance_miles = models.PositiveIntegerField("distance"',
      '    diverted_to = models.ForeignKey(\n        Airport, models.PROTECT, null=True, blank=True, related_name="diverted", db_index=False\n    )\n' +
        '    distance_miles = models.PositiveIntegerField("distance"',
    ]),
    "flights/migrations/0008_flight_diverted_to.py": migrationFile(
      LAST_FLIGHTS,
      `${before}migrations.AddField("flight", "diverted_to", ${FIELD})`,
    ),
  };
}

describe.each([
  {
    title: "in a migration that lifts the lock timeout",
    release: () => nextRelease(changes('migrations.RunSQL("SET lock_timeout = 0", migrations.RunSQL.noop), ')),
  },
  {
    title: "in a deployment whose lock timeout is ten minutes",
    release: () => nextRelease(changes(""), { MIGRATION_LOCK_TIMEOUT: "600000" }),
  },
])("M6: foreign key added while a report reads the table, $title", (given) => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await given.release();
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("has every query of an unguarded twin wait behind the migration for as long as the report runs", async () => {
    const report = await longReport(twin.asApplication, "SELECT count(*) FROM flights_flight WHERE id < 100", 8);
    const waits = await waitsDuring(
      twin.asApplication,
      { flights: "SELECT * FROM flights_flight LIMIT 1", airports: "SELECT * FROM flights_airport LIMIT 1" },
      async () => {
        expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
      },
    );
    await report.end;
    // A reader that asks for nothing but one row.
    expect(waits.flights).toBeGreaterThan(2);
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release, { form: "full" });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.waits.queue",
        migration: MIGRATION,
        cause: expect.stringMatching(
          /AccessExclusiveLock on flights_flight behind a transaction that has read it/,
        ) as string,
      },
    ]);
    const finding = result.findings.find(({ id }) => id === "migration.waits.queue");
    expect(finding?.remedy).toContain("rehearsal:migration.lockTimeoutSeconds");
  });
});
