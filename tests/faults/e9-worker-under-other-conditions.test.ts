import { expect } from "vitest";
import { forgetRuns } from "./harness/etl-runs.ts";
import { describeFault } from "./harness/fault.ts";
import { python } from "./harness/python.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "E9",
  class: "ETL and services",
  title: "the worker makes the same of its input, and not for long or not of much",
  covers:
    "workers that read many times as many rows, do not see that a file has changed, do not take it as other programs write it, or do not find back to the database after it has been restarted",
});

const RELEASE = "otherwise";
const inWorker = (twin: Staged, code: string) => python(twin, code, "etl");

/** Takes in the beginning of a file, as one program writes it and then another, and prints what came of the second time. */
const DELIVERED_TWICE = `
import tempfile
from pathlib import Path
from etl.cycle import run_cycle
from etl.pipeline import Control
folder = Path(tempfile.mkdtemp())
lines = Path("data/weather.csv").read_text().splitlines(keepends=True)
(folder / "weather.csv").write_text("".join(lines[:3]))
run_cycle(folder, Control(), only_changed=True)
(folder / "weather.csv").write_text("\\ufeff" + "".join(lines[:4]))
print([run.status for run in run_cycle(folder, Control(), only_changed=True).runs])
`;

const anew = { compared: true, steps: ["etl"], prepared: (place: Staged) => forgetRuns(place, RELEASE) } as const;

testFaultsTogether([
  {
    title: "rows are looked up by what many have in common",
    ...anew,
    release: {
      changes: edited("etl/feeds.py", [
        'key=("departs_at", "origin_id", "destination_id")',
        'key=("origin_id", "destination_id", "departs_at")',
      ]),
      variables: { RELEASE },
    },
    breaks: async (twin) => {
      const key = await inWorker(
        twin,
        "from etl import feeds; print([feed.key[0] for feed in feeds.FEEDS if 'departs_at' in feed.key])",
      );
      expect(key).toBe("['origin_id']");
    },
    caught: {
      id: "etl.effort",
      words: /its statements return or change [\d,]+ rows, where those of release before did with/,
    },
  },
  {
    title: "a file is known by its name alone",
    ...anew,
    release: {
      changes: edited("etl/cycle.py", [
        "    return last if ended and last.file_digest == digest else None",
        "    return last if ended else None",
      ]),
      variables: { RELEASE },
    },
    breaks: async (twin) => {
      expect(await inWorker(twin, DELIVERED_TWICE)).toBe("[]");
    },
    caught: {
      id: "etl.results",
      words: /when the files of its input change while it runs .* the worker makes something else/,
    },
  },
  {
    title: "the connection is kept between two looks at the input",
    ...anew,
    release: {
      changes: edited(
        "etl/worker.py",
        ["            connection.close()\n            return RETRY_SECONDS", "            return RETRY_SECONDS"],
        [
          "            connection.close()\n            return FAULT_RETRY_SECONDS",
          "            return FAULT_RETRY_SECONDS",
        ],
        ["        connection.close()\n        return self.interval", "        return self.interval"],
      ),
      variables: { RELEASE },
    },
    breaks: async (twin) => {
      const cycles = await inWorker(
        twin,
        `
from django.db import connection
from pathlib import Path
from etl.worker import Worker
worker = Worker(Path("/nowhere"), 7, None)
waits = [worker.cycle()]
connection.connection.close() if connection.connection else None
print(waits + [worker.cycle(), worker.cycle()])
`,
      );
      expect(cycles).toMatch(/, (?:5|30), (?:5|30)\]$/);
    },
    caught: { id: "etl.standstill", words: /after the server has ended its session it does not log in again/ },
  },
]);

// Where files are known by their names, nobody sees how they are read.
testFaults([
  {
    title: "a byte order mark is taken for a part of the first column's name",
    ...anew,
    release: {
      changes: edited("etl/records.py", [
        'TextIOWrapper(handle, "utf-8-sig", errors="replace")',
        'TextIOWrapper(handle, "utf-8", errors="replace")',
      ]),
      variables: { RELEASE },
    },
    breaks: async (twin) => {
      expect(await inWorker(twin, DELIVERED_TWICE)).toMatch(/failed/i);
    },
    caught: {
      id: "etl.results",
      words: /when the files of its input change while it runs .* the worker makes something else/,
    },
  },
]);
