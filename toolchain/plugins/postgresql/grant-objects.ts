import type { Properties } from "../framework/provider.ts";
import { samePrivileges } from "./privileges.ts";
import type { Session } from "./server.ts";
import { text, texts } from "./values.ts";

interface ObjectRow {
  readonly name: string;
  readonly owner: string;
  readonly privileges: readonly string[];
}

// Tables, views, materialised views, foreign and partitioned tables are one to GRANT.
const RELATION_KINDS: Readonly<Record<string, readonly string[]>> = {
  table: ["r", "v", "m", "f", "p"],
  sequence: ["S"],
};
const ROUTINE_KINDS: Readonly<Record<string, readonly string[]>> = {
  function: ["f", "a", "w"],
  procedure: ["p"],
  routine: ["f", "a", "w", "p"],
};

/**
 * The privileges that the role has by name: those on the first object that differs from what is declared, or the
 * declared ones. Undefined where the role, the schema or a named object's schema does not exist any more.
 */
export async function readGranted(session: Session, inputs: Properties): Promise<string[] | undefined> {
  const grantee = await granteeOid(session, text(inputs, "role"));
  if (grantee === undefined) return undefined;
  const objectType = text(inputs, "objectType");
  const schema = text(inputs, "schema");
  if (objectType !== "database") {
    const [found] = await session.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema]);
    if (found === undefined) return undefined;
  }
  const declared = texts(inputs, "privileges");
  const rows = await objectRows(session, inputs, grantee);
  const different = rows.find(({ privileges }) => !samePrivileges(declared, privileges, objectType));
  return [...(different?.privileges ?? declared)];
}

/** Who owns the objects of a grant. */
export async function ownersOf(session: Session, inputs: Properties): Promise<string[]> {
  const rows = await objectRows(session, inputs, (await granteeOid(session, text(inputs, "role"))) ?? 0);
  return [...new Set(rows.map(({ owner }) => owner))];
}

/** The role's object id, as text; 0 is PUBLIC. */
export async function granteeOid(session: Session, role: string): Promise<number | undefined> {
  if (role.toLowerCase() === "public") return 0;
  const [row] = await session.query<{ oid: number }>("SELECT oid FROM pg_roles WHERE rolname = $1", [role]);
  return row?.oid;
}

async function objectRows(session: Session, inputs: Properties, grantee: number): Promise<ObjectRow[]> {
  const objectType = text(inputs, "objectType");
  const schema = text(inputs, "schema");
  if (objectType === "database") {
    return session.query<ObjectRow>(
      `SELECT datname::text AS name, pg_get_userbyid(datdba)::text AS owner, ${privilegesOf("datacl", "'d'", "datdba")}
       FROM pg_database WHERE datname = $2`,
      [grantee, text(inputs, "database")],
    );
  }
  if (objectType === "schema") {
    return session.query<ObjectRow>(
      `SELECT nspname::text AS name, pg_get_userbyid(nspowner)::text AS owner, ${privilegesOf("nspacl", "'n'", "nspowner")}
       FROM pg_namespace WHERE nspname = $2`,
      [grantee, schema],
    );
  }
  const objects = texts(inputs, "objects");
  const named = objects.length === 0 ? null : objects;
  const relations = RELATION_KINDS[objectType];
  if (relations !== undefined) {
    return session.query<ObjectRow>(
      `SELECT relname::text AS name, pg_get_userbyid(relowner)::text AS owner,
         ${privilegesOf("relacl", "CASE relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r'::\"char\" END", "relowner")}
       FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $2)
         AND relkind = ANY($3::"char"[]) AND ($4::text[] IS NULL OR relname = ANY($4)) ORDER BY relname`,
      [grantee, schema, relations, named],
    );
  }
  return session.query<ObjectRow>(
    `SELECT proname::text AS name, pg_get_userbyid(proowner)::text AS owner, ${privilegesOf("proacl", "'f'", "proowner")}
     FROM pg_proc WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = $2)
       AND prokind = ANY($3::"char"[]) AND ($4::text[] IS NULL OR proname = ANY($4)) ORDER BY proname`,
    [grantee, schema, ROUTINE_KINDS[objectType] ?? [], named],
  );
}

/** What the grantee ($1) has in an access control list; one that is null means the defaults of the object's kind. */
function privilegesOf(column: string, kind: string, owner: string): string {
  return `array(SELECT privilege_type FROM aclexplode(coalesce(${column}, acldefault(${kind}, ${owner})))
    WHERE grantee = $1 ORDER BY privilege_type) AS privileges`;
}
