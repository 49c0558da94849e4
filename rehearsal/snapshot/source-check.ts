import type pg from "pg";
import { ownObjects } from "./catalogue.ts";

/**
 * What must hold before a source is copied.
 *
 * @returns notes on what a snapshot leaves out without harm
 * @throws Error with every right that the role lacks and everything that a snapshot cannot hold
 */
export async function checkSource(client: pg.Client, role: string): Promise<string[]> {
  const faults = [...(await missingRights(client, role)), ...(await whatCannotBeHeld(client))];
  if (faults.length > 0) {
    throw new Error(
      ["the source cannot be copied; nothing was changed.", ...faults.map((fault) => `  ${fault}`)].join("\n"),
    );
  }
  return await notes(client);
}

async function missingRights(client: pg.Client, role: string): Promise<string[]> {
  const to = client.escapeIdentifier(role);
  const schemas = await client.query<{ grant: string }>(
    `SELECT format('GRANT USAGE ON SCHEMA %I TO ', n.nspname) AS grant FROM pg_namespace n
     WHERE NOT has_schema_privilege(n.oid, 'USAGE') AND EXISTS (
       SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'S') AND ${ownObjects("c")})
     ORDER BY 1`,
  );
  const relations = await client.query<{ grant: string }>(
    `SELECT format('GRANT SELECT ON %s%I.%I TO ', CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, n.nspname, c.relname) AS grant
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'S') AND ${ownObjects("c")}
       AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END
     ORDER BY c.relkind DESC, n.nspname, c.relname`,
  );
  const grants = [...schemas.rows, ...relations.rows].map(({ grant }) => `${grant}${to};`);
  const hidden = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND ${ownObjects("c")} AND row_security_active(c.oid) ORDER BY 1`,
  );
  return [
    ...(grants.length === 0 ? [] : [`role ${role} must read every table and sequence; grant it what it lacks:`]),
    ...grants.map((grant) => `  ${grant}`),
    ...(hidden.rows.length === 0
      ? []
      : [
          `role ${role} must see every row; row security hides some of ${hidden.rows.map(({ name }) => name).join(", ")}. ` +
            `Run: ALTER ROLE ${to} BYPASSRLS;`,
        ]),
  ];
}

async function whatCannotBeHeld(client: pg.Client): Promise<string[]> {
  const names = async (query: string) => (await client.query<{ name: string }>(query)).rows.map(({ name }) => name);
  const objects = await names("SELECT count(*)::text AS name FROM pg_largeobject_metadata HAVING count(*) > 0");
  const servers = await names("SELECT srvname AS name FROM pg_foreign_server ORDER BY 1");
  const policies = await names(
    `SELECT DISTINCT format('%s on %s.%s (%s)', policyname, schemaname, tablename, array_to_string(roles, ', ')) AS name
     FROM pg_policies WHERE roles <> '{public}' ORDER BY 1`,
  );
  const collations = await names(
    `SELECT DISTINCT format('%s.%s.%s (%s)', n.nspname, c.relname, a.attname, o.collname) AS name
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_collation o ON o.oid = a.attcollation JOIN pg_namespace on_ ON on_.oid = o.collnamespace
     WHERE o.collprovider = 'c' AND on_.nspname = 'pg_catalog' AND o.collname NOT IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8', 'ucs_basic')
       AND c.relkind IN ('r', 'p') AND ${ownObjects("c")} ORDER BY 1`,
  );
  const faults: string[] = [];
  if (objects.length > 0) {
    faults.push(
      `a snapshot holds no large objects, whose content no rule can mask; found ${objects.join("")}. ` +
        "Move them into bytea columns or files, or delete orphans with vacuumlo.",
    );
  }
  if (servers.length > 0) {
    faults.push(
      `a snapshot holds no foreign servers, through which a clone would reach real systems; found ${servers.join(", ")}. ` +
        "Take the snapshot of a copy without them.",
    );
  }
  if (policies.length > 0) {
    faults.push(
      `row security policies of a snapshot must be for PUBLIC, as it holds no roles; found ${policies.join("; ")}. ` +
        "Declare them for PUBLIC with the role in their condition.",
    );
  }
  if (collations.length > 0) {
    faults.push(
      `columns must be collated by the C library's C or by ICU, as the snapshot's server has no other locales; found ` +
        `${collations.join(", ")}. Collate them by ICU (such as "de-x-icu").`,
    );
  }
  return faults;
}

async function notes(client: pg.Client): Promise<string[]> {
  const { rows: invalid } = await client.query<{ name: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i' AND ${ownObjects("c")} ORDER BY 1`,
  );
  const { rows: collation } = await client
    .query<{ name: string }>(
      "SELECT datcollate AS name FROM pg_database WHERE datname = current_database() AND datlocprovider = 'c' " +
        "AND datcollate NOT IN ('C', 'POSIX', 'C.UTF-8', 'C.utf8')",
    )
    .catch(() => ({ rows: [] }));
  return [
    ...invalid.map(
      ({ name }) =>
        `note: index ${name} of the source is invalid and is not copied; drop it, or build it anew with REINDEX.`,
    ),
    ...collation.map(
      ({ name }) =>
        `note: the source sorts texts by ${name}; the snapshot sorts them by code points, as environments do.`,
    ),
  ];
}
