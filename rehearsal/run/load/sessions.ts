import { withConnection } from "../../../engine/postgres.ts";
import type { Finding } from "../../finding.ts";
import type { RunContext } from "../context.ts";
import { type Burst, tryBurst } from "./burst.ts";
import { declaredRoles } from "./connections.ts";
import type { Targets } from "./targets.ts";

const END = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND usename = ANY ($1) AND pid <> pg_backend_pid()`;

/** What became of requests after the server had ended all sessions of the application. */
export interface EndedSessions extends Burst {
  readonly ended: number;
}

/**
 * Has the database's server end the sessions of the application, as its restart does, and asks for a page once for each thread
 * that had one.
 *
 * @param requests at the same time
 */
export async function endSessions(context: RunContext, targets: Targets, requests: number): Promise<EndedSessions> {
  const { rowCount } = await withConnection(
    context.administration,
    async (client) => await client.query(END, [await declaredRoles(context)]),
  );
  return { ended: rowCount ?? 0, ...(await tryBurst(context.site, targets, requests)) };
}

/**
 * @param before how many requests failed so with the release before; undefined where nobody tried
 */
export function endedSessionFindings(
  { ended, path, requests, failed }: EndedSessions,
  before: number | undefined,
): Finding[] {
  const [first] = failed;
  if (first === undefined) return [];
  return [
    {
      id: "load.sessions-ended",
      // A project may have lived with it; it is no intention where it was otherwise.
      severity: before === 0 ? "blocking" : "warning",
      subject: path,
      cause:
        `after the database's server had ended the application's ${ended} sessions, as its restart does, ${failed.length} of ${requests} requests were not answered (${first})` +
        (before === 0 ? "; with the release before all were" : ""),
      consequence:
        "After each restart of the database every thread answers with an error once, or until somebody restarts the tasks.",
      remedy:
        "Have connections that are kept looked at before they are used (CONN_HEALTH_CHECKS, a pool's check), or keep none (CONN_MAX_AGE 0).",
    },
  ];
}
