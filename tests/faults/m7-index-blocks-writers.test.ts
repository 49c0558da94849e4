import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, edited, LAST_FLIGHTS, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";
import { waitsDuring } from "./harness/waits.ts";

describeFault({
  id: "M7",
  class: "migrations",
  title: "a plain CREATE INDEX on a big table",
  covers: "statements that keep readers or writers waiting, measured under traffic",
});

const INDEX =
  "models.Index(*[models.functions.MD5(models.functions.Cast(column, models.TextField())) " +
  'for column in ("distance_miles", "delay_minutes", "id")], name="flight_by_digests")';
/** What production of this size may keep writers waiting: the index takes several times that on any machine. */
const LONGEST_WAIT_SECONDS = 0.3;

describe("M7: plain CREATE INDEX on a big table", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease({
      ...edited("flights/models.py", ["        indexes = [\n", `        indexes = [\n            ${INDEX},\n`]),
      "flights/migrations/0008_flight_by_digests.py": migrationFile(
        LAST_FLIGHTS,
        `migrations.AddIndex("flight", ${INDEX})`,
      ),
    });
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("keeps the writers of an unguarded twin waiting, and not its readers", async () => {
    // The first write copies the table's file.
    await twin.sql("UPDATE flights_flight SET delay_minutes = 0 WHERE id = (SELECT min(id) FROM flights_flight)");
    const waits = await waitsDuring(
      twin.asApplication,
      {
        writer: "UPDATE flights_flight SET delay_minutes = 0 WHERE id = (SELECT max(id) FROM flights_flight)",
        reader: "SELECT * FROM flights_flight ORDER BY id LIMIT 1",
      },
      async () => {
        expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
      },
    );
    expect(waits.writer).toBeGreaterThan(LONGEST_WAIT_SECONDS);
    expect(waits.reader).toBeLessThan(waits.writer);
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release, { form: "full", longestWaitSeconds: LONGEST_WAIT_SECONDS });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.waits",
        migration: "flights.0008_flight_by_digests",
        cause: expect.stringMatching(/CREATE INDEX "flight_by_digests".*holds ShareLock on flights_flight/) as string,
      },
    ]);
    expect(result.findings.find(({ id }) => id === "migration.waits")?.remedy).toContain("AddIndexConcurrently");
    expect(result.findings).toContainEqual(
      expect.objectContaining({ id: "migration.index-blocks-writes", migration: "flights.0008_flight_by_digests" }),
    );
  });
});
