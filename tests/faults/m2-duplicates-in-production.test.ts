import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M2",
  class: "migrations",
  title: "a unique constraint over duplicates",
  covers: "constraints and indexes that production's rows do not meet",
});

describe("M2: unique constraint where production has duplicates", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", [
        '        ordering = ["code"]',
        '        ordering = ["code"]\n' +
          '        constraints = [models.UniqueConstraint(fields=["name", "city"], name="airport_named_once")]',
      ]),
      "flights/migrations/0008_airport_named_once.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddConstraint("airport", models.UniqueConstraint(fields=["name", "city"], name="airport_named_once"))',
      ),
    });
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("aborts the deployment of an unguarded twin", async () => {
    const { exitCode, said } = await twin.migrate(release);
    expect(exitCode).not.toBe(0);
    expect(said).toContain('could not create unique index "airport_named_once"');
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release);
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.aborts.duplicates",
        migration: "flights.0008_airport_named_once",
        cause: expect.stringMatching(/hold duplicates.*"airport_named_once"/) as string,
      },
    ]);
  });
});
