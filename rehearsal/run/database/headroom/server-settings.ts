import type pg from "pg";
import type { Finding, Severity } from "../../../finding.ts";
import { attempt } from "../look.ts";

/** A setting as it holds: for everybody, or for a role or database. */
export interface HeldSetting {
  /** `the server`, `role app`, `database app`. */
  readonly where: string;
  readonly name: string;
  readonly value: string;
}

interface Rule {
  /** Whether a value is a fault. */
  readonly bad: (value: string) => boolean;
  readonly severity: Severity;
  readonly consequence: string;
}

const off = (value: string) => value === "off" || value === "false" || value === "0";
const on = (value: string) => value === "on" || value === "true" || value === "1";
/** Plain numbers are milliseconds. */
const shorter = (milliseconds: number) => (value: string) => {
  const [, number = "0", unit = "ms"] = /^(\d+)\s*(\w*)$/.exec(value) ?? [];
  const factor = { us: 0.001, "": 1, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 1;
  return Number(number) > 0 && Number(number) * factor < milliseconds;
};

const LOSES = "A crash of the host loses or tears what was committed: the database may not start again.";
const PLANS = "The planner is kept from plans that it needs: queries get slow on production's data.";

/** What no server with data worth keeping should have. */
const RULES: Readonly<Record<string, Rule>> = {
  fsync: { bad: off, severity: "blocking", consequence: LOSES },
  full_page_writes: { bad: off, severity: "blocking", consequence: LOSES },
  synchronous_commit: {
    bad: off,
    severity: "warning",
    consequence: "A crash of the host loses the commits of the last moment although they were confirmed.",
  },
  autovacuum: {
    bad: off,
    severity: "blocking",
    consequence: "Tables and indexes swell, statistics age, and transaction numbers run out.",
  },
  track_counts: {
    bad: off,
    severity: "blocking",
    consequence: "Autovacuum does not know what to do, and does nothing.",
  },
  default_transaction_read_only: { bad: on, severity: "blocking", consequence: "Every write fails." },
  zero_damaged_pages: { bad: on, severity: "blocking", consequence: "Broken pages are wiped without a word." },
  ignore_checksum_failure: {
    bad: on,
    severity: "blocking",
    consequence: "Broken pages are read as if they were whole.",
  },
  ignore_system_indexes: {
    bad: on,
    severity: "warning",
    consequence: "Every question about the schema reads whole tables.",
  },
  session_replication_role: {
    bad: (value) => value !== "origin",
    severity: "blocking",
    consequence: "Foreign keys and triggers are not enforced: rows that refer to nothing come in unseen.",
  },
  enable_indexscan: { bad: off, severity: "warning", consequence: PLANS },
  enable_bitmapscan: { bad: off, severity: "warning", consequence: PLANS },
  enable_hashjoin: { bad: off, severity: "warning", consequence: PLANS },
  enable_nestloop: { bad: off, severity: "warning", consequence: PLANS },
  enable_sort: { bad: off, severity: "warning", consequence: PLANS },
  statement_timeout: {
    bad: shorter(1000),
    severity: "warning",
    consequence: "Statements that take longer on production's data are ended half-way.",
  },
  idle_in_transaction_session_timeout: {
    bad: shorter(1000),
    severity: "warning",
    consequence: "Transactions during which the code does something else are ended.",
  },
};

const SERVER = `SELECT 'the server' AS where, name, setting AS value FROM pg_settings
  WHERE name = ANY ($1) AND source NOT IN ('session', 'client', 'user', 'database', 'database user')`;
const HELD = `
  SELECT concat_ws(' in ', CASE WHEN s.setrole <> 0 THEN 'role ' || pg_get_userbyid(s.setrole) END,
                   CASE WHEN s.setdatabase <> 0 THEN 'database ' || d.datname END) AS where,
    split_part(line, '=', 1) AS name, substr(line, strpos(line, '=') + 1) AS value
  FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS line LEFT JOIN pg_database d ON d.oid = s.setdatabase
  WHERE s.setdatabase = 0 OR d.datname = current_database()`;
const WAITING = "SELECT name, setting AS value FROM pg_settings WHERE pending_restart";
const FAULTY =
  "SELECT coalesce(name, '') AS name, error AS value FROM pg_file_settings WHERE error IS NOT NULL AND error <> 'setting could not be applied'";
const STATE = `SELECT pg_is_in_recovery() AS standby,
  (SELECT coalesce(sum(checksum_failures), 0)::float8 FROM pg_stat_database) AS failures`;

/** Settings that risk the data or starve queries, and the server's own counters of broken pages. */
export async function serverSettings(client: pg.Client, roles?: readonly string[]): Promise<Finding[]> {
  const server = await client.query<HeldSetting>(SERVER, [Object.keys(RULES)]);
  const held = await client.query<HeldSetting>(HELD);
  const waiting = await client.query<{ name: string; value: string }>(WAITING);
  const faulty = await attempt(client, () => client.query<{ name: string; value: string }>(FAULTY));
  const { rows } = await client.query<{ standby: boolean; failures: number }>(STATE);
  const own = held.rows.filter(({ where }) => {
    const role = /^role (\S+)/.exec(where)?.[1];
    return role === undefined || roles === undefined || roles.includes(role);
  });
  return [
    ...settingFindings([...server.rows, ...own]),
    ...waiting.rows.map(waitingFinding),
    ...("value" in faulty ? faulty.value.rows.map(faultyFinding) : []),
    ...stateFindings(rows[0]),
  ];
}

/** Judges settings by what no server with data worth keeping should have. */
export function settingFindings(settings: readonly HeldSetting[]): Finding[] {
  return settings.flatMap(({ where, name, value }) => {
    const rule = RULES[name];
    if (rule?.bad(value.replaceAll(/^["']|["']$/g, "")) !== true) return [];
    return [
      {
        id: "database.setting",
        severity: rule.severity,
        subject: `${name} of ${where}`,
        cause: `${where} has ${name} = ${value}`,
        consequence: rule.consequence,
        remedy: `Undo it: ALTER ${where === "the server" ? "SYSTEM" : where.toUpperCase().startsWith("ROLE") ? "ROLE …" : "DATABASE …"} RESET ${name}, or the server's configuration.`,
      },
    ];
  });
}

function waitingFinding({ name, value }: { name: string; value: string }): Finding {
  return {
    id: "database.pending-restart",
    severity: "warning",
    subject: `${name} of the server`,
    cause: `it was changed and holds only after a restart; until then it is ${value}`,
    consequence: "The next restart, whenever it comes, brings another behaviour than was rehearsed.",
    remedy: "Restart the server in a quiet moment, or take the change back.",
  };
}

function faultyFinding({ name, value }: { name: string; value: string }): Finding {
  return {
    id: "database.configuration",
    severity: "blocking",
    subject: `${name === "" ? "the configuration" : name} of the server`,
    cause: `a line of the server's configuration is refused: ${value}`,
    consequence: "The server runs on with what it had before, and does not start again.",
    remedy: "Mend the line, and ask pg_file_settings again.",
  };
}

function stateFindings(state: { standby: boolean; failures: number } | undefined): Finding[] {
  const findings: Finding[] = [];
  if (state?.standby === true) {
    findings.push({
      id: "database.standby",
      severity: "blocking",
      subject: "the server",
      cause: "it is a standby that follows another server",
      consequence: "Every write fails.",
      remedy: "Give the address of the primary, or promote this one.",
    });
  }
  if ((state?.failures ?? 0) > 0) {
    findings.push({
      id: "database.corrupt",
      severity: "blocking",
      subject: "the server's storage",
      cause: `${String(state?.failures)} pages were read whose checksum is wrong`,
      consequence: "Rows are lost or wrong, and whatever reads them fails.",
      remedy: "Look into the server's log for the files, check the disk, and restore what is broken from a backup.",
    });
  }
  return findings;
}
