import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M1",
  class: "migrations",
  title: "SET NOT NULL where only production's data has nulls",
  covers: "migrations that abort on rows as production has them: each is run on a clone of its data",
});

describe("M1: NOT NULL where production has nulls", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", ['"delay", null=True, blank=True,', '"delay",']),
      "flights/migrations/0008_delay_required.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AlterField("flight", "delay_minutes", models.IntegerField())',
      ),
    });
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("aborts the deployment of an unguarded twin", async () => {
    const { exitCode, said } = await twin.migrate(release);
    expect(exitCode).not.toBe(0);
    expect(said).toContain('column "delay_minutes" of relation "flights_flight" contains null values');
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release);
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toContainEqual({
      id: "migration.aborts.nulls",
      migration: "flights.0008_delay_required",
      cause: expect.stringContaining('"delay_minutes"') as string,
    });
  });
});
