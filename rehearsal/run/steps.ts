import { code } from "./code/step.ts";
import { database } from "./database/step.ts";
import { drift } from "./drift/step.ts";
import { etl } from "./etl/step.ts";
import { load } from "./load/step.ts";
import { logs } from "./logs/step.ts";
import { pages } from "./pages/step.ts";
import { preflight } from "./preflight/step.ts";
import { prepare } from "./prepare/step.ts";
import { settings } from "./settings/step.ts";
import type { RunStep } from "./step.ts";
import { tests } from "./tests/step.ts";

/**
 * The steps of `rehearse run`, in their order: what tests do to data and logs is looked at after them, logs are read
 * before the comparison of what runs adds to them, and load comes after it, since new tasks show nothing of what was
 * changed in the old ones by hand.
 */
export const RUN_STEPS: readonly RunStep[] = [
  prepare,
  pages,
  code,
  etl,
  settings,
  tests,
  database,
  logs,
  drift,
  load,
  preflight,
];
