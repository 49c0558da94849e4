import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { freeStorage } from "../../rehearsal/migration/storage.ts";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import { withLittleStorage } from "./harness/small-storage.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "B7",
  class: "database",
  title: "the storage is almost full while a migration writes a table anew",
  covers: "migrations that need more room than there is",
});

const MIGRATION = "flights.0008_long_distances";
const SPARE_MEBIBYTES = 48;

describe("B7: the storage is almost full, and a migration writes a big table anew", () => {
  let release: ReleaseProcess;
  let twin: Twin;
  let free: number | undefined;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", [
        "distance_miles = models.PositiveIntegerField(",
        "distance_miles = models.PositiveBigIntegerField(",
      ]),
      "flights/migrations/0008_long_distances.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AlterField("flight", "distance_miles", models.PositiveBigIntegerField("distance", ' +
          'help_text="Great-circle distance in statute miles."))',
      ),
    });
    twin = await Twin.start(withLittleStorage(SPARE_MEBIBYTES));
    free = await freeStorage(docker, twin.clone.name);
  });
  afterAll(() => twin.remove());

  it("fails half-way in an unguarded twin", async () => {
    const { exitCode, said } = await twin.migrate(release);
    expect(exitCode).not.toBe(0);
    expect(said).toMatch(/No space left on device|server closed the connection/);
  });

  it("is stopped in the rehearsal, with what the migration needs and what is free", async () => {
    expect(free).toBeGreaterThan(0);
    expect(free).toBeLessThan(2 * SPARE_MEBIBYTES * 1024 ** 2);
    const result = await rehearse(release, { freeBytes: free });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.storage",
        migration: MIGRATION,
        cause: expect.stringMatching(
          /need \d+ MB at their peak .* has \d+ MB free: flights_flight is written anew/,
        ) as string,
      },
    ]);
  });

  it("does not stop the same release where there is room, nor where nobody can tell", async () => {
    const roomy = await rehearse(release, { freeBytes: 10 * 1024 ** 3 });
    expect(blocking(roomy)).toEqual([]);
    expect(roomy.findings.map(({ id }) => id)).not.toContain("migration.storage");
    expect(blocking(await rehearse(release))).toEqual([]);
  });
});
