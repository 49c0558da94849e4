import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import {
  blocking,
  edited,
  LAST_FLIGHTS,
  migrationFile,
  nextRelease,
  rehearse,
  runningRelease,
  Twin,
} from "./harness/stage.ts";

describeFault({
  id: "M4",
  class: "migrations",
  title: "a NOT NULL column without a default in the database",
  covers: "migrations after which the release that still runs cannot write",
});

describe("M4: NOT NULL column without a default in the database", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", [
        "    longitude = models.FloatField()\n",
        "    longitude = models.FloatField()\n    gates = models.IntegerField(default=0)\n",
      ]),
      "flights/migrations/0008_airport_gates.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("airport", "gates", models.IntegerField(default=0))',
      ),
    });
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("has the running code's inserts fail on an unguarded twin, although the migration goes through", async () => {
    expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
    const failures = await twin.failures(runningRelease());
    expect(failures).toContainEqual(
      expect.objectContaining({
        operation: "INSERT flights.Airport",
        error: expect.stringContaining('null value in column "gates"') as string,
      }),
    );
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release);
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "old-code.breaks",
        migration: "flights.0008_airport_gates",
        cause: expect.stringContaining('null value in column "gates"') as string,
      },
    ]);
    expect(result.findings.find(({ id }) => id === "old-code.breaks")?.remedy).toContain("db_default");
    // The plan says so too, before anything runs.
    expect(result.findings).toContainEqual(
      expect.objectContaining({
        id: "migration.not-null-without-default",
        migration: "flights.0008_airport_gates",
        subject: "flights_airport.gates",
      }),
    );
  });
});
