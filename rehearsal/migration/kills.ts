import type Docker from "dockerode";
import type { Clone } from "../snapshot/clone.ts";
import { onClone, type ReleaseProcess, runEvents } from "./releases.ts";
import type { MigrationRehearsal, PlannedMigration } from "./result.ts";
import type { Stage } from "./stage.ts";

/** A migrator that was killed after a statement, and what the next one found. */
export type Kill = MigrationRehearsal["kills"][number];

type KillEvent =
  | ({ event: "kill" } & Kill)
  | { event: "spent"; migration: string; afterStatement: number }
  | { event: "omitted"; migration: string; statements: number; tried: number };

/** How often a clone may be used up: each costs a second or two. */
const MOST_CLONES = 8;

/** What killing the migrator showed. */
export interface KillFacts {
  readonly kills: readonly Kill[];
  /** Why it ended before all was tried; undefined where all was. */
  readonly incomplete?: string;
  /** A clone on which migrations were killed, run again and so brought to their end; undefined where there is none. */
  readonly resumed?: Clone;
}

/**
 * Kills the migrator after each statement of each migration in turn. A kill that leaves the database between two states
 * uses its clone up; another one is started then.
 *
 * @param stage gives clones in the state before the migrations, and removes them all
 * @param plan of the migrations
 */
export async function killAtEachStatement(
  docker: Docker,
  release: ReleaseProcess,
  stage: Stage,
  plan: readonly PlannedMigration[],
): Promise<KillFacts> {
  // Each of their statements may leave the database between two states.
  const expected = plan.reduce((count, { atomic, sql }) => count + (atomic ? 0 : Math.max(1, sql.length)), 0);
  const kills: Kill[] = [];
  let from: string | undefined;
  for (let clones = 0; clones < MOST_CLONES; clones++) {
    const clone = await stage.clone();
    if (clones < Math.min(expected, MOST_CLONES - 1)) stage.prepare();
    let spent: string | undefined;
    const words: [string, ...string[]] = from === undefined ? ["kill"] : ["kill", "--from", from];
    const run = onClone(release, clone, stage.network, "owner", words);
    const { exitCode, said } = await runEvents(docker, run, (line) => {
      const event = line as KillEvent;
      if (event.event === "spent") spent = `${event.migration}:${event.afterStatement}`;
      else if (event.event === "kill") {
        const { migration, afterStatement, statements, found, resumed } = event;
        kills.push({ migration, afterStatement, statements, found, ...(resumed === undefined ? {} : { resumed }) });
      }
    });
    if (spent === undefined) {
      if (exitCode === 0) {
        const went = kills.some(({ found, resumed }) => found === "between" && resumed?.ok === true);
        return went ? { kills, resumed: clone } : { kills };
      }
      return { kills, incomplete: said.slice(-5).join("; ") || `exit code ${exitCode}` };
    }
    from = spent;
  }
  return { kills, incomplete: `${MOST_CLONES} clones were used up by migrations that are not atomic` };
}
