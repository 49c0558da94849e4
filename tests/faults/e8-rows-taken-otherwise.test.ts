import { expect } from "vitest";
import { forgetRuns } from "./harness/etl-runs.ts";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "E8",
  class: "ETL and services",
  title: "rows are read otherwise than before, and no error says so",
  covers:
    "workers that make something else of the same input than those of the release before: other values, other keys, rows twice, nothing at all",
});

/** The worker does everything anew under another release's name. */
const RELEASE = "otherwise";

/** Puts the flights back as they are. */
async function flightsKept(place: Staged): Promise<void> {
  await forgetRuns(place, RELEASE);
  const [last] = await place.sql<{ id: string }>("SELECT max(id)::text AS id FROM flights_flight");
  await place.sql("CREATE TABLE IF NOT EXISTS delays_before AS SELECT id, delay_minutes FROM flights_flight");
  place.onReset(async () => {
    await place.sql(`DELETE FROM flights_flight WHERE id > ${last?.id ?? "0"}`);
    await place.sql(
      "UPDATE flights_flight flight SET delay_minutes = was.delay_minutes FROM delays_before was WHERE was.id = flight.id AND flight.delay_minutes <> was.delay_minutes",
    );
    await place.sql("DROP TABLE delays_before");
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

testFaults([
  {
    title: "delays lose their sign",
    release: {
      changes: edited("etl/feeds.py", [
        "return values.whole_number(value, low=-1440, high=2880)",
        "return abs(values.whole_number(value, low=-1440, high=2880))",
      ]),
      variables: { RELEASE },
    },
    prepared: flightsKept,
    compared: true,
    steps: ["etl"],
    breaks: async (twin) => {
      await cycleEnds(twin);
      expect(await count(twin, "delay_minutes < 0 AND departs_at < '2001-04-01'")).toBe(0);
    },
    caught: { id: "etl.results", words: /flights_flight has other values in .*delay_minutes/ },
  },
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
    prepared: flightsKept,
    compared: true,
    steps: ["etl"],
    breaks: async (twin) => {
      const before = await twin.sql<{ id: string }>("SELECT max(id)::text AS id FROM delays_before");
      await cycleEnds(twin);
      expect(await count(twin, `id > ${before[0]?.id ?? "0"}`)).toBeGreaterThan(1000);
    },
    caught: { id: "etl.results", words: /flights_flight has other values in .*departs_at/ },
  },
  {
    title: "the inbox is another folder, in which nothing is",
    release: { variables: { RELEASE, ETL_INBOX: "/tmp" } },
    prepared: flightsKept,
    compared: true,
    steps: ["etl"],
    breaks: async (twin) => {
      await cycleEnds(twin);
      expect(await twin.sql(`SELECT 1 FROM etl_run WHERE release = '${RELEASE}'`)).toEqual([]);
    },
    caught: { id: "etl.results", words: /flights_flight has 0 rows in place of 5000/ },
  },
]);
