import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import type { MigrationRehearsal } from "../../rehearsal/migration/result.ts";
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
  id: "M13",
  class: "migrations",
  title: "a column is dropped, then the image is rolled back",
  covers: "releases without a way back",
});

const MIGRATION = "flights.0008_without_wind";

describe("M13: a column is dropped, then the release is rolled back", () => {
  let release: ReleaseProcess;
  let twin: Twin;
  let result: MigrationRehearsal;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", [
        '    wind = models.FloatField(null=True, blank=True, help_text="Wind speed as the source gives it.")\n',
        "",
      ]),
      ...edited("flights/admin.py", [', "precipitation", "wind")', ', "precipitation")']),
      ...edited("api/serializers.py", [', "temperature_min", "wind")', ', "temperature_min")']),
      ...edited("etl/feeds.py", ['        "wind": fields.take("wind", _wind),\n', ""]),
      "flights/migrations/0008_without_wind.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.RemoveField("weatherday", "wind")',
      ),
    });
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("breaks an unguarded twin when it goes back to the release before", async () => {
    expect((await twin.migrate(release)).exitCode).toBe(0);
    expect(await twin.failures(release)).toEqual([]);
    const failures = await twin.failures(runningRelease());
    expect(failures.map(({ operation }) => operation)).toContain("INSERT flights.WeatherDay");
    expect(failures[0]?.error).toContain("flights_weatherday.wind does not exist");
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    result = await rehearse(release, { form: "full" });
    expect(result.verdict).toBe("fail");
    const broken = blocking(result);
    expect(new Set(broken.map(({ id, migration }) => `${id} ${migration}`))).toEqual(
      new Set([`old-code.breaks ${MIGRATION}`]),
    );
    expect(broken[0]?.cause).toMatch(/column .*wind.* does not exist/);
  });

  it("has a way back that loses what the column held, and the rehearsal says so", () => {
    expect(result.back).toMatchObject({ outgoingWorks: false });
    expect(result.back?.reversed.map(({ migration }) => migration)).toEqual([MIGRATION]);
    const lost = result.findings.find(({ id }) => id === "back.loses-data");
    expect(lost).toMatchObject({ severity: "warning", subject: "flights_weatherday.wind" });
  });
});
