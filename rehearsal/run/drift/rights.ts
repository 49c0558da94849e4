import type pg from "pg";
import { ownObjects } from "../../snapshot/catalogue.ts";

/** Who owns what and who may do what in a database, by what it is about: `privileges of app on table public.flight`. */
export type Rights = ReadonlyMap<string, string>;

const PUBLIC = "CASE WHEN e.grantee = 0 THEN 'everybody' ELSE pg_get_userbyid(e.grantee) END";
const PRIVILEGES =
  "string_agg(DISTINCT e.privilege_type || CASE WHEN e.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END, ', ')";
const RELATION = `CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END || ' ' || n.nspname || '.' || c.relname`;

/** What the roles of a server are, of every database. */
const ROLE_QUERIES = [
  `SELECT 'role ' || rolname AS name,
          concat_ws(', ',
            CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolsuper THEN 'superuser' END,
            CASE WHEN rolcreaterole THEN 'creates roles' END, CASE WHEN rolcreatedb THEN 'creates databases' END,
            CASE WHEN rolreplication THEN 'replication' END, CASE WHEN rolbypassrls THEN 'bypasses row security' END,
            CASE WHEN NOT rolinherit THEN 'does not inherit' END,
            CASE WHEN rolconnlimit >= 0 THEN 'at most ' || rolconnlimit || ' connections' END,
            CASE WHEN rolvaliduntil < 'infinity' THEN 'valid until ' || rolvaliduntil END) AS definition
   FROM pg_roles WHERE rolname !~ '^pg_'`,
  `SELECT 'membership of ' || m.rolname || ' in ' || r.rolname AS name, 'member' AS definition
   FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
   WHERE m.rolname !~ '^pg_'`,
  `SELECT 'setting of ' || concat_ws(' in ', CASE WHEN s.setrole = 0 THEN 'everybody' ELSE pg_get_userbyid(s.setrole) END, d.datname)
          || ': ' || split_part(line, '=', 1) AS name, substr(line, strpos(line, '=') + 1) AS definition
   FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS line LEFT JOIN pg_database d ON d.oid = s.setdatabase
   WHERE s.setdatabase = 0 OR d.datname = current_database()`,
];

const DATABASE_QUERIES = [
  `SELECT 'owner of ' || ${RELATION} AS name, pg_get_userbyid(c.relowner) AS definition
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${ownObjects("c")}`,
  `SELECT 'owner of function ' || n.nspname || '.' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')' AS name,
          pg_get_userbyid(f.proowner) AS definition
   FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE ${ownObjects("f", "pg_proc")}`,
  `SELECT 'owner of schema ' || n.nspname AS name, pg_get_userbyid(n.nspowner) AS definition
   FROM pg_namespace n WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`,
  `SELECT 'owner of the database' AS name, pg_get_userbyid(datdba) AS definition FROM pg_database WHERE datname = current_database()`,
  `SELECT 'privileges of ' || ${PUBLIC} || ' on ' || ${RELATION} AS name, ${PRIVILEGES} AS definition
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) e
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND e.grantee <> c.relowner AND ${ownObjects("c")} GROUP BY 1`,
  `SELECT 'privileges of ' || ${PUBLIC} || ' on column ' || n.nspname || '.' || c.relname || '.' || a.attname AS name, ${PRIVILEGES} AS definition
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) e
   WHERE ${ownObjects("c")} GROUP BY 1`,
  `SELECT 'privileges of ' || ${PUBLIC} || ' on schema ' || n.nspname AS name, ${PRIVILEGES} AS definition
   FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) e
   WHERE e.grantee <> n.nspowner AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' GROUP BY 1`,
  `SELECT 'privileges of ' || ${PUBLIC} || ' on function ' || n.nspname || '.' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')' AS name,
          ${PRIVILEGES} AS definition
   FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) e
   WHERE e.grantee <> f.proowner AND ${ownObjects("f", "pg_proc")} GROUP BY 1`,
  `SELECT 'privileges of ' || ${PUBLIC} || ' on the database' AS name, ${PRIVILEGES} AS definition
   FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) e
   WHERE d.datname = current_database() AND e.grantee <> d.datdba GROUP BY 1`,
  `SELECT 'default privileges of ' || ${PUBLIC} || ' on '
          || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE 'schemas' END
          || ' that ' || pg_get_userbyid(d.defaclrole) || ' creates' || coalesce(' in schema ' || n.nspname, '') AS name,
          ${PRIVILEGES} AS definition
   FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) e
   WHERE e.grantee <> d.defaclrole GROUP BY 1`,
];

/** What an administrator has set past the declaration, of a server of the environment's own. */
const SERVER_QUERY = `SELECT 'setting of the server: ' || name AS name, setting AS definition
  FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf'`;

/**
 * Reads the rights in a database.
 *
 * @param server reads the server's own settings as well, which takes a superuser
 */
export async function readRights(client: pg.Client, server: boolean): Promise<Rights> {
  const rights = new Map<string, string>();
  for (const query of [...ROLE_QUERIES, ...DATABASE_QUERIES, ...(server ? [SERVER_QUERY] : [])]) {
    const { rows } = await client.query<{ name: string; definition: string | null }>(query);
    for (const { name, definition } of rows) rights.set(name, definition ?? "");
  }
  return rights;
}
