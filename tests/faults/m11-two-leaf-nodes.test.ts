import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M11",
  class: "migrations",
  title: "two leaf nodes",
  covers: "histories of migrations that cannot be planned",
});

const MODELS = edited("flights/models.py", [
  "    latitude = models.FloatField()",
  "    elevation_feet = models.IntegerField(null=True)\n    runways = models.IntegerField(null=True)\n    latitude = models.FloatField()",
]);
const add = (field: string) => `migrations.AddField("airport", "${field}", models.IntegerField(null=True))`;
const BRANCHES = {
  ...MODELS,
  "flights/migrations/0008_elevation.py": migrationFile(LAST_FLIGHTS, add("elevation_feet")),
  "flights/migrations/0008_runways.py": migrationFile(LAST_FLIGHTS, add("runways")),
};

describe("M11: two branches were merged that each brought a migration", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease(BRANCHES);
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("ends the deployment of an unguarded twin, whose new code lacks its columns", async () => {
    const { exitCode, said } = await twin.migrate(release);
    expect(exitCode).not.toBe(0);
    expect(said).toContain("multiple leaf nodes in the migration graph");
    const failures = await twin.failures(release);
    expect(failures[0]?.error).toContain("flights_airport.elevation_feet does not exist");
  });

  it("is stopped in the rehearsal, with both migrations named", async () => {
    const result = await rehearse(release);
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      { id: "migration.conflict", migration: "", cause: expect.stringContaining("several leaf nodes") as string },
    ]);
    expect(result.findings[0]?.subject).toBe("flights (0008_elevation, 0008_runways)");
    expect(result.run).toEqual([]);
  });

  it("is no longer there once the branches' migrations are merged", async () => {
    const merge = migrationFile(["flights", "0008_elevation"], "").replace(
      '("flights", "0008_elevation")',
      '("flights", "0008_elevation"), ("flights", "0008_runways")',
    );
    const merged = await nextRelease({ ...BRANCHES, "flights/migrations/0009_merge.py": merge });
    const result = await rehearse(merged);
    expect(blocking(result)).toEqual([]);
    expect(result.run.map(({ migration }) => migration)).toContain("flights.0009_merge");
  });
});
