import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withConnection } from "../../engine/postgres.ts";
import { foreignTables } from "../../rehearsal/migration/ownership.ts";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "R4",
  class: "drift",
  title: "an undeclared role owns what the release changes",
  covers: "objects and rights beside the declared ones",
});

const MIGRATION = "flights.0008_elevation";

describe("R4: a role that nobody declared owns a table", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", [
        "    latitude = models.FloatField()",
        "    elevation_feet = models.IntegerField(null=True, blank=True)\n    latitude = models.FloatField()",
      ]),
      "flights/migrations/0008_elevation.py": migrationFile(
        LAST_FLIGHTS,
        'migrations.AddField("airport", "elevation_feet", models.IntegerField(null=True, blank=True))',
      ),
    });
    twin = await Twin.start();
    await withConnection(twin.clone.address, async (client) => {
      // As somebody does who mends a table in production by hand.
      await client.query("CREATE ROLE maintenance_2019 LOGIN");
      await client.query("GRANT pg_read_all_data TO maintenance_2019");
      await client.query("ALTER TABLE flights_airport OWNER TO maintenance_2019");
      await client.query("GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES ON flights_airport TO owner");
    });
  });
  afterAll(() => twin.remove());

  it("ends the deployment of an unguarded twin, whose new code lacks its column", async () => {
    const { exitCode, said } = await twin.migrate(release);
    expect(exitCode).not.toBe(0);
    expect(said).toContain("must be owner of table flights_airport");
    expect((await twin.failures(release))[0]?.error).toContain("elevation_feet does not exist");
  });

  it("is read from the environment, since a snapshot holds no roles", async () => {
    expect(await foreignTables(twin.clone.as("report"))).toEqual([
      {
        table: "flights_airport",
        kind: "TABLE",
        owner: "maintenance_2019",
        granted: ["SELECT", "INSERT", "UPDATE", "DELETE", "REFERENCES"],
      },
    ]);
  });

  it("is stopped in the rehearsal, with the role and the table", async () => {
    const foreign = await foreignTables(twin.clone.as("report"));
    const result = await rehearse(release, { foreignTables: foreign });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.aborts.owner",
        migration: MIGRATION,
        cause: expect.stringMatching(
          /flights_airport belongs .*role maintenance_2019 .*must be owner of table/,
        ) as string,
      },
    ]);
  });

  it("does no harm to a release that leaves the table alone", async () => {
    const other = await nextRelease({
      ...edited("etl/models.py", [
        '    error = models.TextField(blank=True, default="")\n',
        '    error = models.TextField(blank=True, default="")\n    note = models.TextField(null=True, blank=True)\n',
      ]),
      "etl/migrations/0004_run_note.py": migrationFile(
        ["etl", "0003_run_counts_reconcile"],
        'migrations.AddField("run", "note", models.TextField(null=True, blank=True))',
      ),
    });
    const result = await rehearse(other, { foreignTables: await foreignTables(twin.clone.as("report")) });
    expect(blocking(result)).toEqual([]);
  });
});
