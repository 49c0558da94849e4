import pg from "pg";
import { RIGHTS, type RoleName } from "../../../../engine/database-rights.ts";
import { type PostgresAddress, withConnection } from "../../../../engine/postgres.ts";
import type { Finding } from "../../../finding.ts";
import { ownObjects } from "../../../snapshot/catalogue.ts";
import { guard } from "../look.ts";

interface WritableTable {
  readonly name: string;
  readonly quoted: string;
  /** Columns whose values can be given, quoted; empty where there is none. */
  readonly columns: string;
  /** Of them, one that can be updated. */
  readonly column: string | null;
  readonly select: boolean;
  readonly insert: boolean;
  readonly update: boolean;
  readonly delete: boolean;
}

/** What one role could and could not do. */
export interface WrittenTables {
  readonly tables: number;
  readonly findings: Finding[];
}

interface Refusal {
  readonly table: string;
  readonly what: string;
  readonly code: string;
  readonly message: string;
}

const BUDGET_MILLISECONDS = 2500;
/** Constraints answered: the row came as far as them. A copy of a row breaks those that are unique, an old row new ones. */
const ANSWERED = /^23/;
/** A trigger of the project's own says no, which may be what it is there for. */
const RAISED = "P0001";
/** Somebody else is at work on the row. */
const BUSY = /^(55P03|57014|40001|40P01)$/;

const TABLES = `
  SELECT n.nspname || '.' || c.relname AS name, format('%I.%I', n.nspname, c.relname) AS quoted,
    coalesce((SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '') AS columns,
    (SELECT format('%I', a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum DESC LIMIT 1) AS column,
    has_table_privilege(c.oid, 'SELECT') AS select, has_table_privilege(c.oid, 'INSERT') AS insert,
    has_table_privilege(c.oid, 'UPDATE') AS update, has_table_privilege(c.oid, 'DELETE') AS delete
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${ownObjects("c")}
    AND has_schema_privilege(n.oid, 'USAGE')
  ORDER BY c.reltuples, 1`;

/**
 * Writes to every table that a role may write to, in transactions that are rolled back: a copy of a row is inserted, and
 * a row updated and deleted in place. What its declaration does not allow must be refused.
 */
export async function tryWrites(role: RoleName, address: PostgresAddress, signal: AbortSignal): Promise<WrittenTables> {
  try {
    return await withConnection(address, (client) => writeAll(client, role, address.username, signal));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { tables: 0, findings: [refused(address.username, ["every table"], "connect to write", error)] };
  }
}

async function writeAll(
  client: pg.Client,
  role: RoleName,
  username: string,
  signal: AbortSignal,
): Promise<WrittenTables> {
  const { rows } = await client.query<WritableTable>(TABLES);
  const mayWrite = role === "owner" || RIGHTS[role].table.includes("INSERT");
  const deadline = Date.now() + BUDGET_MILLISECONDS;
  const refusals: Refusal[] = [];
  const findings: Finding[] = [];
  let tables = 0;
  for (const table of rows) {
    signal.throwIfAborted();
    if (Date.now() > deadline) break;
    tables += 1;
    if (mayWrite) refusals.push(...(await writeTable(client, table)));
    else if (await isAllowed(client, `INSERT INTO ${table.quoted} SELECT * FROM ${table.quoted} WHERE false`)) {
      findings.push(allowed(username, table.name));
    }
  }
  // What is wrong with all tables alike is one thing to mend.
  for (const group of Map.groupBy(refusals, ({ what, code, message }) => `${what} ${code} ${message}`).values()) {
    const [first] = group;
    if (first !== undefined)
      findings.push(
        refused(
          username,
          group.map(({ table }) => table),
          `${first.what} a row`,
          first,
        ),
      );
  }
  if (role !== "owner" && (await isAllowed(client, "CREATE TABLE public.rehearsal_may_not_be_made (id integer)"))) {
    findings.push(allowed(username, "the schema public (CREATE TABLE)"));
  }
  return { tables, findings };
}

async function writeTable(client: pg.Client, table: WritableTable): Promise<Refusal[]> {
  const { name, quoted, columns, column } = table;
  const place = `ctid = (SELECT ctid FROM ONLY ${quoted} LIMIT 1 FOR UPDATE SKIP LOCKED)`;
  const copy = `INSERT INTO ${quoted} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${quoted} LIMIT 1`;
  const writes = [
    ...(table.insert && table.select && columns !== "" ? [["insert", copy] as const] : []),
    ...(table.update && table.select && column !== null
      ? [["update", `UPDATE ONLY ${quoted} SET ${column} = ${column} WHERE ${place}`] as const]
      : []),
    ...(table.delete && table.select ? [["delete", `DELETE FROM ${quoted} WHERE false`] as const] : []),
  ];
  for (const [what, statement] of writes) {
    const fault = await refusal(client, statement);
    if (fault === undefined || ANSWERED.test(fault.code) || BUSY.test(fault.code)) continue;
    // Policies on rows may keep anybody from a copy of one.
    if (fault.message.includes("row-level security")) continue;
    return [{ table: name, what, ...fault }];
  }
  return [];
}

/** What the server says against a statement, in a transaction that is rolled back; undefined where it does it. */
async function refusal(client: pg.Client, statement: string): Promise<{ code: string; message: string } | undefined> {
  await client.query("BEGIN");
  try {
    await guard(client);
    await client.query(statement);
    return undefined;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { code: error.code ?? "", message: error.message };
  } finally {
    await client.query("ROLLBACK");
  }
}

async function isAllowed(client: pg.Client, statement: string): Promise<boolean> {
  return (await refusal(client, statement)) === undefined;
}

function refused(
  role: string,
  tables: readonly string[],
  what: string,
  { code, message }: { readonly code?: string | undefined; readonly message: string },
): Finding {
  const [first = ""] = tables;
  return {
    id: "database.write-refused",
    severity: code === RAISED ? "warning" : "blocking",
    subject: `${first}${tables.length > 1 ? ` and ${tables.length - 1} more` : ""} as ${role}`,
    cause: `a role that may write cannot ${what}: ${message}`,
    consequence: "Requests and jobs that write there fail.",
    remedy:
      "Mend what the server says: a trigger, a sequence, a right on what the table refers to, a server that only reads.",
    evidence: tables.slice(0, 12),
  };
}

function allowed(role: string, table: string): Finding {
  return {
    id: "database.write-allowed",
    severity: "blocking",
    subject: `${table} as ${role}`,
    cause: "the server lets a role write that by its declaration must not",
    consequence: "A fault or an intruder in a process that only reads can change data.",
    remedy: "REVOKE the right, from the role and from PUBLIC, and from the roles that it is a member of.",
  };
}
