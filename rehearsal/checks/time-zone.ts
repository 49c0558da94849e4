import { withConnection } from "../../engine/postgres.ts";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { inspection } from "./release-inspection.ts";
import { taskProbes } from "./task-probe.ts";

/** Who has a clock, and its seconds east of UTC in January and in July. */
interface Clock {
  readonly whose: string;
  readonly offsets: readonly [number, number];
}

/** Two parts that disagree on the hour disagree on the day around midnight, and twice a year on more. */
export const timeZone: Check = {
  id: "time.zone",
  title: "database, application and ETL live in one time zone, UTC",
  cause: "A TZ variable, a time zone of the server, database or role, or USE_TZ = False with another TIME_ZONE.",
  consequence: "Rows around midnight belong to the wrong day, and jobs run twice or not at all when clocks change.",
  remedy:
    "Set USE_TZ = True, take TZ out of app.environment and etl.environment, and ALTER DATABASE … SET timezone = 'UTC'.",
  run: async (environment) => {
    const [probes, databases] = await Promise.all([taskProbes(environment), databaseClocks(environment)]);
    const clocks = [...databases, ...probes.map(({ service, offsets }) => ({ whose: service, offsets }))];
    const agreed = clocks.every(({ offsets }) => String(offsets) === String(clocks[0]?.offsets));
    return clocks.flatMap(({ whose, offsets }): Finding[] => {
      if (offsets.every((offset) => offset === 0)) return [];
      const seen = offsets.map((offset) => `UTC${offset < 0 ? "" : "+"}${offset / 3600} h`);
      const finding = { expected: `${whose} in UTC`, seen: `${seen[0]} in January, ${seen[1]} in July` };
      return [agreed ? { ...finding, warning: true } : finding];
    });
  },
};

/** The time zones that sessions of the application and of the ETL begin in, and what Django takes times for. */
async function databaseClocks(environment: DeployedEnvironment): Promise<Clock[]> {
  const { timeZone: ofDjango } = await inspection(environment, "settings");
  const { roles, database } = environment;
  return await withConnection(database, async (client) => {
    const { rows } = await client.query<{ whose: string; january: string; july: string }>(
      `WITH given AS (
         SELECT s.setrole, s.setdatabase, split_part(c, '=', 2) AS zone
         FROM pg_db_role_setting s, unnest(s.setconfig) c
         WHERE lower(split_part(c, '=', 1)) = 'timezone'
           AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = $2))
       ), zones AS (
         SELECT 'the database as role ' || r.rolname AS whose, coalesce(
           (SELECT zone FROM given WHERE setrole IN (0, r.oid) ORDER BY setrole = 0, setdatabase = 0 LIMIT 1),
           (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone')) AS zone
         FROM pg_roles r WHERE r.rolname = ANY ($1)
         UNION ALL SELECT 'Django (USE_TZ and TIME_ZONE)', $3
       )
       SELECT whose,
         extract(epoch FROM timestamp '2025-01-15' AT TIME ZONE 'UTC' - timestamp '2025-01-15' AT TIME ZONE zone) AS january,
         extract(epoch FROM timestamp '2025-07-15' AT TIME ZONE 'UTC' - timestamp '2025-07-15' AT TIME ZONE zone) AS july
       FROM zones ORDER BY whose`,
      [[roles.app, roles.etl], database.database, ofDjango],
    );
    return rows.map(({ whose, january, july }) => ({ whose, offsets: [Number(january), Number(july)] }));
  });
}
