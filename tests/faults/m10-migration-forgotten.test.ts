import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M10",
  class: "migrations",
  title: "the migration's file was forgotten",
  covers: "models that the migrations do not bring about",
});

describe("M10: the migration's file was forgotten", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease(
      edited("flights/models.py", [
        "    latitude = models.FloatField()",
        "    elevation_feet = models.IntegerField(null=True, blank=True)\n    latitude = models.FloatField()",
      ]),
    );
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("breaks the new code of an unguarded twin, whose deployment said that all was well", async () => {
    const { exitCode } = await twin.migrate(release);
    expect(exitCode).toBe(0);
    const failures = await twin.failures(release);
    expect(failures.length).toBeGreaterThan(3);
    expect(failures[0]?.error).toContain("flights_airport.elevation_feet does not exist");
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release);
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.missing",
        migration: "",
        cause: expect.stringContaining("a migration file was forgotten") as string,
      },
    ]);
    expect(result.findings[0]?.subject).toBe("flights: Add field elevation_feet to airport");
  });
});

describe("M10's harmless sibling: the models say something new that is no matter of the database", () => {
  it("is told without stopping the release", async () => {
    const release = await nextRelease(
      edited("flights/models.py", ['help_text="Millimetres."', 'help_text="In millimetres, rain and melted snow."']),
    );
    const result = await rehearse(release);
    expect(blocking(result)).toEqual([]);
    expect(result.findings).toContainEqual(
      expect.objectContaining({
        id: "migration.missing",
        severity: "note",
        subject: "flights: Alter field precipitation on weatherday",
      }),
    );
  });
});
