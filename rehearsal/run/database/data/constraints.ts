import type pg from "pg";
import type { Finding } from "../../../finding.ts";
import { ownObjects } from "../../../snapshot/catalogue.ts";
import { attempt, brokenFinding, isBroken, notLookedAt } from "../look.ts";

interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly validated: boolean;
  /** Query that gives a row where one breaks it. */
  readonly query: string;
}

/** Time for all constraints together: those of large tables come last. */
const BUDGET_MILLISECONDS = 5000;

/** Rows whose reference leads nowhere; those of which a part is null refer to nothing (MATCH SIMPLE). */
const FOREIGN_KEYS = `
  SELECT n.nspname || '.' || c.relname AS table, k.conname AS name, k.convalidated AS validated,
    format('SELECT 1 FROM %I.%I o WHERE %s AND NOT EXISTS (SELECT 1 FROM %I.%I r WHERE %s) LIMIT 1', n.nspname, c.relname,
      string_agg(format('o.%I IS NOT NULL', a.attname), ' AND '), fn.nspname, f.relname,
      string_agg(format('r.%I = o.%I', fa.attname, a.attname), ' AND ')) AS query
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
  CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, other)
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = pair.own
  JOIN pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = pair.other
  WHERE k.contype = 'f' AND NOT c.relispartition AND ${ownObjects("c")}
    AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(f.oid, 'SELECT')
  GROUP BY k.oid, n.nspname, c.relname, fn.nspname, f.relname, k.conname, k.convalidated, c.reltuples ORDER BY c.reltuples, k.conname`;

const CHECKS = `
  SELECT n.nspname || '.' || c.relname AS table, k.conname AS name, k.convalidated AS validated,
    format('SELECT 1 FROM %I.%I WHERE NOT (%s) LIMIT 1', n.nspname, c.relname, pg_get_expr(k.conbin, k.conrelid)) AS query
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE k.contype = 'c' AND NOT c.relispartition AND ${ownObjects("c")} AND has_table_privilege(c.oid, 'SELECT')
  ORDER BY c.reltuples, k.conname`;

const DISABLED = `
  SELECT n.nspname || '.' || c.relname AS table, t.tgname AS name, t.tgisinternal AS internal
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE t.tgenabled IN ('D', 'R') AND ${ownObjects("c")} ORDER BY 1, 2`;

/** Rows that break a constraint, constraints that do not hold for old rows, and triggers that are off. */
export async function constraintFindings(client: pg.Client): Promise<Finding[]> {
  const findings = await disabledTriggers(client);
  const constraints = [
    ...(await client.query<Constraint>(CHECKS)).rows,
    ...(await client.query<Constraint>(FOREIGN_KEYS)).rows,
  ].sort((one, other) => Number(one.validated) - Number(other.validated));
  const deadline = Date.now() + BUDGET_MILLISECONDS;
  const unseen: string[] = [];
  for (const constraint of constraints) {
    const left = deadline - Date.now();
    if (left <= 0) {
      unseen.push(`${constraint.table}.${constraint.name}`);
      continue;
    }
    await client.query(`SET LOCAL statement_timeout = ${Math.ceil(left)}`);
    const answer = await attempt(client, () => client.query(constraint.query));
    if ("value" in answer) findings.push(...judged(constraint, answer.value.rowCount !== 0));
    else if (isBroken(answer.code)) findings.push(brokenFinding(constraint.table, answer.message));
    else unseen.push(`${constraint.table}.${constraint.name}: ${answer.message}`);
  }
  if (unseen.length > 0) {
    findings.push({
      ...notLookedAt(`rows of ${unseen.length} constraints`, `the tables are too large for a look of seconds`),
      evidence: unseen.slice(0, 12),
    });
  }
  return findings;
}

function judged({ table, name, validated }: Constraint, broken: boolean): Finding[] {
  if (broken) {
    return [
      {
        id: "database.constraint-broken",
        severity: "blocking",
        subject: `${table}, constraint ${name}`,
        cause: `there are rows that break it${validated ? " although it is said to hold" : "; it was never validated (NOT VALID)"}`,
        consequence:
          "Code that takes it for granted fails on these rows, and so do a restore and the next migration of the table.",
        remedy: "Find the rows, mend them, and validate: ALTER TABLE … VALIDATE CONSTRAINT ….",
      },
    ];
  }
  if (validated) return [];
  return [
    {
      id: "database.constraint-not-valid",
      severity: "warning",
      subject: `${table}, constraint ${name}`,
      cause: "it was added as NOT VALID and never validated; all rows keep it",
      consequence: "The planner does not rely on it, and whether old rows keep it is nobody's concern.",
      remedy: "ALTER TABLE … VALIDATE CONSTRAINT …, which does not keep anybody from writing.",
    },
  ];
}

async function disabledTriggers(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ table: string; name: string; internal: boolean }>(DISABLED);
  return [...Map.groupBy(rows, ({ table }) => table)].map(([table, triggers]) => {
    const internal = triggers.some((trigger) => trigger.internal);
    return {
      id: "database.trigger-disabled",
      severity: internal ? "blocking" : "warning",
      subject: table,
      cause: `${triggers.length} of its triggers are off${internal ? ", those of its foreign keys among them" : ""}`,
      consequence: internal
        ? "Rows that refer to nothing come in unseen."
        : "What the triggers keep in step, such as search columns and histories, is not kept.",
      remedy: `ALTER TABLE ${table} ENABLE TRIGGER ALL, after mending what came in meanwhile.`,
      evidence: triggers.slice(0, 12).map(({ name }) => name),
    };
  });
}
