import { expect } from "vitest";
import { DECLARATION_LABEL, endedByItself, tasksOf } from "../../engine/service-rollout.ts";
import { docker } from "../integration/images/support.ts";
import { forgetRuns } from "./harness/etl-runs.ts";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "E1",
  class: "ETL and services",
  title: "one malformed row: the worker dies again and again",
  covers:
    "sources whose rows the release does not bear: workers that end or hang, files that are refused, as the engine and the ETL's own account of its last runs tell",
});

/** Read last of its feed, with one row that is none. */
const FILE = {
  "data/weather_late.csv": [
    "location,date,precipitation,temp_max,temp_min,wind,weather",
    "Fault Bay,2015-12-30,0.0,12.8,5.0,4.7,drizzle",
    "Fault Bay,yesterday,0.0,12.8,5.0,4.7,drizzle",
    "Fault Bay,2016-01-01,0.0,12.8,5.0,4.7,drizzle",
    "",
  ].join("\n"),
};
const SET_ASIDE = "        except RowError as fault:\n            batch.rejected.append((record, str(fault)))\n";
const KEPT_AS_FAILED = "        except Exception as error:\n";
/** The worker does everything anew under another release's name. */
const RELEASE = { RELEASE: "malformed" };

/** A release with another way to take rows. */
function taking(...replacements: readonly (readonly [string, string])[]) {
  return {
    changes: { ...FILE, ...edited("etl/pipeline.py", ...replacements) },
    variables: RELEASE,
  };
}

const cleaned = (place: Staged) => {
  place.onReset(() => place.sql("DELETE FROM flights_weatherday WHERE location = 'Fault Bay'"));
  return forgetRuns(place, "malformed");
};

/** Tasks of the worker that ended by themselves since the release. */
async function deaths(twin: Staged): Promise<number> {
  const tasks = await tasksOf(docker, `${twin.name}-etl`);
  const { Labels } = await twin.running("etl");
  return tasks.filter(
    (task) =>
      endedByItself(task) && task.Spec.ContainerSpec.Labels?.[DECLARATION_LABEL] === Labels?.[DECLARATION_LABEL],
  ).length;
}

const lateRows = async (twin: Staged) =>
  Number(
    (await twin.sql<{ count: string }>("SELECT count(*) FROM flights_weatherday WHERE location = 'Fault Bay'"))[0]
      ?.count,
  );

testFaults([
  {
    title: "the worker ends at the row, and is started again",
    release: taking(
      [SET_ASIDE, "        except ZeroDivisionError:\n            raise\n"],
      [KEPT_AS_FAILED, "        except ZeroDivisionError as error:\n"],
    ),
    prepared: cleaned,
    breaks: async (twin) => {
      await expect.poll(() => deaths(twin), { timeout: 120_000 }).toBeGreaterThan(1);
      expect(await lateRows(twin)).toBe(0);
    },
    caught: { id: "release.steady", words: /RowError: date must be a date such as 2001-12-31; got 'yesterday'/ },
  },
  {
    title: "the row has its whole file refused",
    release: taking([
      SET_ASIDE,
      "        except RowError as fault:\n            raise ContractError(str(fault)) from fault\n",
    ]),
    prepared: cleaned,
    breaks: async (twin) => {
      await expect
        .poll(async () => (await twin.manage("etl", "etl_status", "--json")).said, { timeout: 120_000 })
        .toMatch(/weather_late.csv", "release": "malformed", "status": "failed"/);
      expect(await lateRows(twin)).toBe(0);
    },
    caught: { id: "etl.last-run", words: /the last run of weather with success; seen failed: .*yesterday/ },
  },
]);
