import type { RunContext } from "../context.ts";
import { connectionUsers } from "../database/connection-users.ts";
import type { MostConnections } from "./growth.ts";

/** Health checks and commands beside the server's own threads. */
const BESIDE = 5;

type Context = Parameters<typeof connectionUsers>[0] & Pick<RunContext, "load">;

/** The roles in which tasks of the application connect. */
export async function declaredRoles(context: Context): Promise<string[]> {
  return (await connectionUsers(context))
    .filter(({ service }) => service === `${context.environment}-app`)
    .map(({ role }) => role);
}

/**
 * How many connections each role may come to with all threads busy. Where a server's command does not tell its threads,
 * no more of them can be busy than there are requests at a time.
 */
export async function mostConnections(context: Context): Promise<MostConnections> {
  const byRole = Map.groupBy(await connectionUsers(context), ({ role }) => role);
  return Object.fromEntries(
    [...byRole].map(([role, users]) => [
      role,
      BESIDE + users.reduce((sum, { tasks, perTask }) => sum + (perTask ?? context.load.connections * 2) * tasks, 0),
    ]),
  );
}
