import { type PostgresAddress, withConnection } from "../../engine/postgres.ts";
import { quoted } from "./long-transaction.ts";

/** A table or view of an environment that does not belong to the role which migrates. */
export interface ForeignTable {
  /** `name` in schema public, else `schema.name`. */
  readonly table: string;
  /** `TABLE`, `VIEW`, `MATERIALIZED VIEW` or `FOREIGN TABLE`. */
  readonly kind: string;
  readonly owner: string;
  /** What the role that migrates may do with it all the same. */
  readonly granted: readonly string[];
}

/**
 * The tables and views of a database that belong to another role than the database itself does. A snapshot holds no roles:
 * who owns what can be read from the environment alone.
 */
export async function foreignTables(address: PostgresAddress): Promise<ForeignTable[]> {
  return withConnection(address, async (client) => {
    const { rows } = await client.query<ForeignTable>(
      `SELECT CASE n.nspname WHEN 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END AS "table",
              CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
              pg_get_userbyid(c.relowner) AS owner,
              ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
                    WHERE has_table_privilege(d.datdba, c.oid, p)) AS granted
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_database d ON d.datname = current_database()
       WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
         AND NOT pg_has_role(d.datdba, c.relowner, 'USAGE')
         AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
       ORDER BY 1`,
    );
    return rows;
  });
}

/** Gives tables of a clone to the roles that own them in the environment; those that the clone lacks are left out. */
export async function giveAway(clone: PostgresAddress, tables: readonly ForeignTable[]): Promise<void> {
  if (tables.length === 0) return;
  await withConnection(clone, async (client) => {
    for (const { table, kind, owner, granted } of tables) {
      const { rows } = await client.query<{ found: boolean }>("SELECT to_regclass($1) IS NOT NULL AS found", [
        quoted(table),
      ]);
      if (rows[0]?.found !== true) continue;
      const role = client.escapeIdentifier(owner);
      const { rowCount } = await client.query("SELECT FROM pg_roles WHERE rolname = $1", [owner]);
      if (rowCount === 0) await client.query(`CREATE ROLE ${role} NOLOGIN`);
      await client.query(`ALTER ${kind} ${quoted(table)} OWNER TO ${role}`);
      if (granted.length > 0) await client.query(`GRANT ${granted.join(", ")} ON ${quoted(table)} TO owner`);
    }
  });
}
