import { expect } from "vitest";
import { forgetRuns } from "./harness/etl-runs.ts";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "E4",
  class: "ETL and services",
  title: "a column of the source was renamed: no rows, and success",
  covers:
    "jobs that end well and take in nothing, or less than before: rows of the last runs against a floor, and the data that came of them against the release before",
});

/** The worker does everything anew under another release's name. */
const RELEASE = { RELEASE: "renamed" };
const HEADER = "location,date,precipitation,temp_max,temp_min,wind,weather";

const runsForgotten = (place: Staged) => forgetRuns(place, "renamed");

/** The worker's own words after it has looked at a file. */
async function tells(twin: Staged, words: RegExp): Promise<void> {
  await expect
    .poll(async () => (await twin.manage("etl", "etl_status", "--json")).said, { timeout: 120_000 })
    .toMatch(words);
}

testFaultsTogether([
  {
    title: "every row is set aside, and the run succeeds",
    release: {
      changes: {
        ...edited("etl/records.py", [
          "    missing = [name for name in columns if name not in found]",
          "    missing = []",
        ]),
        ...edited("etl/pipeline.py", [
          "if run.rows_rejected > REJECTED_SHARE_LIMIT * run.rows_read:",
          "if run.rows_rejected < 0:",
        ]),
        ...edited("data/weather.csv", [HEADER, HEADER.replace("date", "day")]),
      },
      variables: RELEASE,
    },
    prepared: runsForgotten,
    breaks: (twin) =>
      tells(
        twin,
        /weather.csv", "release": "renamed", "status": "succeeded".*"loaded": 0, "updated": 0, "unchanged": 0/,
      ),
    caught: { id: "etl.last-run", words: /the last run of weather with \d+ rows or more; seen 0, succeeded/ },
  },
  {
    title: "the list moved into an object, and none is found there",
    release: {
      changes: edited(
        "etl/records.py",
        [
          "    if not isinstance(items, list):",
          '    items = items.get("items", []) if isinstance(items, dict) else []\n    if not isinstance(items, list):',
        ],
        ["    if not items:", "    if items is None:"],
        ["    if len(head) < row_floor:", "    if len(head) < 0:"],
        ["    missing = [name for name in columns if name not in found]", "    missing = []"],
      ),
      variables: RELEASE,
    },
    prepared: runsForgotten,
    breaks: (twin) =>
      tells(twin, /flights-5k.json", "release": "renamed", "status": "succeeded".*?"read": 0, "loaded": 0/),
    caught: { id: "etl.last-run", words: /the last run of flights with \d+ rows or more; seen 0, succeeded/ },
  },
]);

testFaults([
  {
    title: "the column is taken as empty: what was there is overwritten",
    release: {
      changes: {
        ...edited(
          "etl/feeds.py",
          ['"temp_min", "wind", "weather"', '"temp_min", "weather"'],
          ['fields.take("wind", _wind)', '_wind(record.get("wind"))'],
        ),
        ...edited("data/weather.csv", [HEADER, HEADER.replace("wind", "wind_speed")]),
      },
      variables: RELEASE,
    },
    prepared: async (place) => {
      const before = await place.sql<{ id: number; wind: number }>("SELECT id, wind FROM flights_weatherday");
      const rows = JSON.stringify(before).replaceAll("'", "''");
      place.onReset(() =>
        place.sql(
          `UPDATE flights_weatherday day SET wind = was.wind FROM json_to_recordset('${rows}') AS was (id int, wind float) WHERE was.id = day.id`,
        ),
      );
      await runsForgotten(place);
    },
    compared: true,
    steps: ["database"],
    breaks: async (twin) => {
      await tells(twin, /weather.csv", "release": "renamed", "status": "succeeded"/);
      const [row] = await twin.sql<{ count: string }>("SELECT count(wind) FROM flights_weatherday");
      expect(row?.count).toBe("0");
    },
    before: (sandbox) => tells(sandbox, /weather.csv", "release": "renamed", "status": "succeeded"/),
    caught: { id: "database.column-emptied", words: /flights_weatherday.*wind/ },
  },
]);
