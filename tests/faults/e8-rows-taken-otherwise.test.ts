import { expect } from "vitest";
import { forgetRuns } from "./harness/etl-runs.ts";
import { describeFault } from "./harness/fault.ts";
import { edited, LAST_FLIGHTS, migrationFile } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "E8",
  class: "ETL and services",
  title: "rows are read otherwise than before, and no error says so",
  covers:
    "workers that make something else of the same input than those of the release before: other values, other keys, rows twice, nothing at all",
});

/** The worker does everything anew under another release's name. */
const RELEASE = "otherwise";

/** Puts the flights back as they are, afterwards. */
async function flightsKept(place: Staged): Promise<void> {
  await forgetRuns(place, RELEASE);
  const flights = await place.sql<{ id: string; delay_minutes: number | null }>(
    "SELECT id, delay_minutes FROM flights_flight ORDER BY id",
  );
  const last = flights.at(-1)?.id ?? "0";
  place.onReset(async () => {
    await place.sql(`DELETE FROM flights_flight WHERE id > ${last}`);
    await place.sql(
      `UPDATE flights_flight flight SET delay_minutes = was.delay_minutes
       FROM json_to_recordset('${JSON.stringify(flights)}') AS was (id bigint, delay_minutes int)
       WHERE was.id = flight.id AND flight.delay_minutes IS DISTINCT FROM was.delay_minutes`,
    );
  });
}

/** Waits until the worker has looked at all of its input. */
async function cycleEnds(twin: Staged): Promise<void> {
  const looked = () =>
    twin.sql(`SELECT feed FROM etl_feedstate WHERE release = '${RELEASE}' AND feed IN ('flights', 'weather')`);
  await expect.poll(async () => (await looked()).length, { timeout: 120_000 }).toBe(2);
}

async function count(twin: Staged, condition: string): Promise<number> {
  const [row] = await twin.sql<{ n: number }>(`SELECT count(*)::int AS n FROM flights_flight WHERE ${condition}`);
  return row?.n ?? 0;
}

const NATURAL_KEY = 'models.UniqueConstraint(fields=["location", "date"], name="weather_natural_key"';

/** What the migration of a release does, in the owner's role, and what takes it back. */
async function keyDeferred(place: Staged): Promise<void> {
  const key = async (deferrable: string) =>
    await place.sql(
      `ALTER TABLE flights_weatherday DROP CONSTRAINT weather_natural_key,
       ADD CONSTRAINT weather_natural_key UNIQUE (location, date) ${deferrable}`,
    );
  place.onReset(async () => {
    await key("");
    await place.sql("DELETE FROM django_migrations WHERE name = '0008_deferred'");
  });
  await key("DEFERRABLE INITIALLY DEFERRED");
  await place.sql("INSERT INTO django_migrations (app, name, applied) VALUES ('flights', '0008_deferred', now())");
}

/** What all have in common: the step compares, and what the worker does to flights is put back. */
const BESIDE_THE_EARLIER = { prepared: flightsKept, compared: true, steps: ["etl"] } as const;

testFaultsTogether([
  {
    title: "delays lose their sign",
    release: {
      changes: edited("etl/feeds.py", [
        "return values.whole_number(value, low=-1440, high=2880)",
        "return abs(values.whole_number(value, low=-1440, high=2880))",
      ]),
      variables: { RELEASE },
    },
    ...BESIDE_THE_EARLIER,
    breaks: async (twin) => {
      await cycleEnds(twin);
      expect(await count(twin, "delay_minutes < 0 AND departs_at < '2001-04-01'")).toBe(0);
    },
    caught: { id: "etl.results", words: /flights_flight has other values in .*delay_minutes/ },
  },
  {
    title: "a migration makes a key deferrable, which nothing can be inserted or updated by",
    release: {
      changes: {
        ...edited("flights/models.py", [`${NATURAL_KEY})`, `${NATURAL_KEY}, deferrable=models.Deferrable.DEFERRED)`]),
        "flights/migrations/0008_deferred.py": migrationFile(
          LAST_FLIGHTS,
          'migrations.RemoveConstraint("weatherday", "weather_natural_key"), ' +
            `migrations.AddConstraint("weatherday", ${NATURAL_KEY}, deferrable=models.Deferrable.DEFERRED))`,
        ),
      },
      variables: { RELEASE },
    },
    ...BESIDE_THE_EARLIER,
    prepared: async (place) => {
      await flightsKept(place);
      await keyDeferred(place);
    },
    breaks: async (twin) => {
      const upsert = `INSERT INTO flights_weatherday (location, date, precipitation, temperature_max, temperature_min, wind, conditions)
        SELECT location, date, 0, 1, 0, 0, 'sun' FROM flights_weatherday LIMIT 1
        ON CONFLICT (location, date) DO UPDATE SET precipitation = EXCLUDED.precipitation`;
      await expect(twin.sql(upsert)).rejects.toThrow(/deferrable unique constraints/);
    },
    caught: { id: "etl.results", words: /flights_weatherday has 0 rows in place of \d+/ },
  },
]);

/** What an editor has entered, and a day of a place that no file has. */
async function othersStored(place: Staged): Promise<void> {
  await flightsKept(place);
  const [before] = await place.sql<{ photo: string }>("SELECT photo FROM flights_airport WHERE code = 'SEA'");
  place.onReset(async () => {
    await place.sql(`UPDATE flights_airport SET photo = '${before?.photo ?? ""}' WHERE code = 'SEA'`);
    await place.sql("DELETE FROM flights_weatherday WHERE location = 'Elsewhere'");
  });
  await place.sql("UPDATE flights_airport SET photo = 'airports/sea.jpg' WHERE code = 'SEA'");
  await place.sql(
    `INSERT INTO flights_weatherday (location, date, precipitation, temperature_max, temperature_min, conditions)
     VALUES ('Elsewhere', '2001-01-01', 0, 1, 0, 'sun')`,
  );
}

testFaultsTogether([
  {
    title: "what editors have entered is overwritten with nothing",
    release: {
      changes: edited("etl/feeds.py", [
        '    row["region"] = region_of(row["state"])\n',
        '    row["region"] = region_of(row["state"])\n    row["photo"] = ""\n',
      ]),
      variables: { RELEASE },
    },
    ...BESIDE_THE_EARLIER,
    prepared: othersStored,
    breaks: async (twin) => {
      await cycleEnds(twin);
      expect(await twin.sql("SELECT photo FROM flights_airport WHERE code = 'SEA'")).toEqual([{ photo: "" }]);
    },
    caught: { id: "etl.results", words: /others have stored something, .*flights_airport has other values in photo/ },
  },
  {
    title: "rows that no file has are deleted",
    release: {
      changes: edited("etl/pipeline.py", [
        '    return {"loaded": len(created),',
        '    if feed.name == "weather":\n        feed.model.objects.exclude(location__in=["Seattle", "New York"]).delete()\n    return {"loaded": len(created),',
      ]),
      variables: { RELEASE },
    },
    ...BESIDE_THE_EARLIER,
    breaks: async (twin) => {
      await cycleEnds(twin);
      expect(await twin.sql("SELECT 1 FROM flights_weatherday WHERE location = 'Elsewhere'")).toEqual([]);
    },
    caught: {
      id: "etl.results",
      words: /others have stored something, .*flights_weatherday has [\d,]+ rows in place of/,
    },
  },
]);

testFaults([
  {
    title: "times are taken for those of another zone, and every flight for a new one",
    release: {
      changes: edited(
        "etl/values.py",
        ["from typing import Any\n", "from typing import Any\nfrom zoneinfo import ZoneInfo\n"],
        [".replace(tzinfo=UTC)", '.replace(tzinfo=ZoneInfo("America/New_York"))'],
      ),
      variables: { RELEASE },
    },
    ...BESIDE_THE_EARLIER,
    breaks: async (twin) => {
      await cycleEnds(twin);
      // The file's last flight is of the 31st of March, in the evening of its own zone.
      expect(await count(twin, "departs_at < '2001-04-02'")).toBeGreaterThan(9000);
    },
    caught: { id: "etl.results", words: /flights_flight has other values in .*departs_at/ },
  },
  {
    title: "the inbox is another folder, in which nothing is",
    release: { variables: { RELEASE, ETL_INBOX: "/tmp" } },
    ...BESIDE_THE_EARLIER,
    breaks: async (twin) => {
      await cycleEnds(twin);
      expect(await twin.sql(`SELECT 1 FROM etl_run WHERE release = '${RELEASE}'`)).toEqual([]);
    },
    caught: { id: "etl.results", words: /flights_flight has 0 rows in place of 5000/ },
  },
]);
