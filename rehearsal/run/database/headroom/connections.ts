import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { counted } from "../../../report/format.ts";

/** A service that connects to the database. */
export interface ConnectionUser {
  readonly service: string;
  /** Name of the role on the server that it writes or reads in. */
  readonly role: string;
  readonly tasks: number;
  /** Connections that one task opens at most in this role; undefined where its command does not tell. */
  readonly perTask: number | undefined;
  /** Whether it is the role that its requests work in, and not a second one that few of them need. */
  readonly main: boolean;
}

/** How many connections a server takes, and how many there are. */
export interface ConnectionFacts {
  readonly most: number;
  /** For superusers and reserved roles. */
  readonly reserved: number;
  readonly used: number;
  /** Of the database; below zero where there is none. */
  readonly databaseLimit: number;
  readonly roles: readonly RoleConnections[];
}

/** The connections of one role. */
export interface RoleConnections {
  readonly role: string;
  /** Below zero where there is none. */
  readonly limit: number;
  readonly used: number;
  /** Of the address that has most of them. */
  readonly busiest: number;
}

const FULL_SHARE = 0.9;
const WARN_SHARE = 0.75;
/** Health checks and commands beside the server's own threads. */
const BESIDE = 5;

const FACTS = `
  SELECT current_setting('max_connections')::int AS most,
    current_setting('superuser_reserved_connections')::int + coalesce(current_setting('reserved_connections', true), '0')::int AS reserved,
    (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
    (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS "databaseLimit"`;
const ROLES = `
  SELECT r.rolname AS role, r.rolconnlimit AS limit, coalesce(sum(a.connections), 0)::int AS used, coalesce(max(a.connections), 0)::int AS busiest
  FROM pg_roles r LEFT JOIN (SELECT usename, client_addr, count(*) AS connections FROM pg_stat_activity
    WHERE backend_type = 'client backend' GROUP BY 1, 2) a ON a.usename = r.rolname
  WHERE r.rolname = ANY ($1) GROUP BY 1, 2`;

/** Connections that are left to the services, now and when all of them have opened what they may. */
export async function connectionHeadroom(client: pg.Client, users: readonly ConnectionUser[]): Promise<Finding[]> {
  const { rows } = await client.query<Omit<ConnectionFacts, "roles">>(FACTS);
  const roles = await client.query<RoleConnections>(ROLES, [[...new Set(users.map(({ role }) => role))]]);
  const [facts] = rows;
  return facts === undefined ? [] : connectionFindings({ ...facts, roles: roles.rows }, users);
}

/** Judges connections. */
export function connectionFindings(facts: ConnectionFacts, users: readonly ConnectionUser[]): Finding[] {
  const { most, reserved, used, databaseLimit } = facts;
  const open = most - reserved;
  const available = databaseLimit < 0 ? open : Math.min(open, databaseLimit);
  const words =
    databaseLimit >= 0 && databaseLimit < open
      ? `the database takes ${databaseLimit} (its CONNECTION LIMIT)`
      : `the server takes ${open} (max_connections ${most}, ${reserved} of them reserved)`;
  return [
    ...limitFindings("all services", words, available, used, users),
    ...facts.roles.flatMap((role) => {
      const own = users.filter((user) => user.role === role.role);
      const subject = `role ${role.role}`;
      const limited =
        role.limit < 0
          ? []
          : limitFindings(subject, `the role takes ${role.limit} (its CONNECTION LIMIT)`, role.limit, role.used, own);
      return [...limited, ...leakFindings(role, own)];
    }),
  ];
}

function limitFindings(
  subject: string,
  limit: string,
  available: number,
  used: number,
  users: readonly ConnectionUser[],
): Finding[] {
  const sum = (some: readonly ConnectionUser[]) =>
    some.reduce((total, { tasks, perTask }) => total + tasks * (perTask ?? 1), 0);
  const [main, all] = [sum(users.filter((user) => user.main)), sum(users)];
  const evidence = users.map(
    ({ service, role, tasks, perTask }) =>
      `${service} as ${role}: ${counted(tasks, "task")} × ${perTask === undefined ? "at least 1" : String(perTask)}`,
  );
  const finding = (severity: Finding["severity"], cause: string): Finding[] => [
    {
      id: "database.connection-headroom",
      severity,
      subject,
      cause,
      consequence: "Whoever comes too late is refused (too many connections): requests fail, workers restart.",
      remedy:
        "Raise database.maxConnections or the role's limit, give the services fewer tasks or threads, or put a pooler between.",
      evidence,
    },
  ];
  if (used >= available * FULL_SHARE) return finding("blocking", `${used} connections are open now, and ${limit}`);
  if (main > available) {
    return finding("blocking", `the services open ${main} when all their threads are busy, and ${limit}`);
  }
  if (used >= available * WARN_SHARE) return finding("warning", `${used} connections are open now, and ${limit}`);
  // While an update replaces tasks, old and new ones are there.
  if (all * 2 > available) {
    return finding("warning", `the services may open ${all * 2} during an update, which doubles tasks, and ${limit}`);
  }
  return [];
}

/** More connections from one place than the threads there can use: something opens them and does not give them back. */
function leakFindings({ role, busiest }: RoleConnections, users: readonly ConnectionUser[]): Finding[] {
  if (users.length === 0 || users.some(({ perTask }) => perTask === undefined)) return [];
  const most = Math.max(...users.map(({ perTask }) => perTask ?? 0));
  if (busiest <= most * 2 + BESIDE) return [];
  return [
    {
      id: "database.connections-leak",
      severity: "blocking",
      subject: `role ${role}`,
      cause: `one task has ${busiest} connections open, and its threads can use ${most}`,
      consequence: "Under load they use up what the server takes, and everybody is refused.",
      remedy: "Find what opens connections of its own and does not close them: threads, pools, close_old_connections.",
    },
  ];
}
