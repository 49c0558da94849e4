import type pg from "pg";
import { ownObjects, type SequenceState } from "./catalogue.ts";

/** The objects of a database with their definitions, by kind and name: `column public.flight.id`. */
export type CatalogueDescription = ReadonlyMap<string, string>;

/** Definitions that a server writes in its own words, which change from version to version. */
const WORDED = ["default", "index", "constraint", "trigger", "rule", "view", "policy"];

const QUERIES = [
  `SELECT 'table ' || n.nspname || '.' || c.relname AS name,
          concat_ws(', ', CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END,
                    CASE WHEN c.relrowsecurity THEN 'with row security' END,
                    CASE WHEN c.relforcerowsecurity THEN 'for its owner too' END, c.reloptions,
                    'partitioned by ' || pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid)) AS definition
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p') AND ${ownObjects("c")}`,
  `SELECT 'column ' || n.nspname || '.' || c.relname || '.' || a.attname AS name,
          concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, o.collname) AS definition
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   LEFT JOIN pg_collation o ON o.oid = a.attcollation
   WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND ${ownObjects("c")}`,
  `SELECT 'default ' || n.nspname || '.' || c.relname || '.' || a.attname AS name, pg_get_expr(d.adbin, d.adrelid) AS definition
   FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
   JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${ownObjects("c")}`,
  `SELECT 'index ' || n.nspname || '.' || c.relname AS name, pg_get_indexdef(c.oid) AS definition
   FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE i.indisvalid AND ${ownObjects("c")} AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = i.indrelid AND e.deptype = 'e')`,
  `SELECT 'constraint ' || n.nspname || '.' || c.relname || '.' || k.conname AS name, pg_get_constraintdef(k.oid) AS definition
   FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${ownObjects("c")}`,
  `SELECT 'trigger ' || n.nspname || '.' || c.relname || '.' || t.tgname AS name,
          pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text AS definition
   FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE NOT t.tgisinternal AND ${ownObjects("c")}`,
  `SELECT 'rule ' || n.nspname || '.' || c.relname || '.' || r.rulename AS name,
          pg_get_ruledef(r.oid) || ' ' || r.ev_enabled::text AS definition
   FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE r.rulename <> '_RETURN' AND ${ownObjects("c")}`,
  `SELECT 'view ' || n.nspname || '.' || c.relname AS name, pg_get_viewdef(c.oid) AS definition
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('v', 'm') AND ${ownObjects("c")}`,
  `SELECT 'policy ' || n.nspname || '.' || c.relname || '.' || p.polname AS name,
          concat_ws(' ', p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS definition
   FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE ${ownObjects("c")}`,
  `SELECT 'function ' || n.nspname || '.' || f.proname || '(' || pg_get_function_identity_arguments(f.oid) || ')' AS name,
          md5(f.prosrc) AS definition
   FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace WHERE ${ownObjects("f", "pg_proc")}`,
  `SELECT 'enumeration ' || n.nspname || '.' || t.typname AS name,
          (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS definition
   FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND ${ownObjects("t", "pg_type")}`,
  `SELECT 'definition of sequence ' || schemaname || '.' || sequencename AS name,
          concat_ws(' ', data_type, start_value, min_value, max_value, increment_by, cycle) AS definition FROM pg_sequences`,
  "SELECT 'event trigger ' || evtname AS name, evtevent || ' ' || evtenabled::text AS definition FROM pg_event_trigger",
  "SELECT 'extension ' || extname AS name, '' AS definition FROM pg_extension",
];

/** Reads the schema of a database as its server describes it. Sequences are described by their definition alone. */
export async function describeCatalogue(client: pg.Client): Promise<CatalogueDescription> {
  const description = new Map<string, string>();
  for (const query of QUERIES) {
    const { rows } = await client.query<{ name: string; definition: string | null }>(query);
    for (const { name, definition } of rows) description.set(name, definition ?? "");
  }
  return description;
}

/** Whether servers of two major versions may define the same object in other words. */
export function isWorded(name: string): boolean {
  return WORDED.includes(name.split(" ")[0] ?? "");
}

/** Where sequences stand, in the form of a description. */
export function describeSequences(states: readonly SequenceState[]): CatalogueDescription {
  return new Map(
    states.map(({ schema, name, lastValue, isCalled }) => [
      `sequence ${schema}.${name}`,
      `${lastValue}${isCalled ? "" : ", not used yet"}`,
    ]),
  );
}

/**
 * Differences between a source and its copy, a line each.
 *
 * @param sameMajor whether both servers write definitions in the same words
 */
export function catalogueDifferences(
  source: CatalogueDescription,
  copy: CatalogueDescription,
  sameMajor: boolean,
): string[] {
  const differences: string[] = [];
  for (const [name, definition] of source) {
    const copied = copy.get(name);
    if (copied === undefined) differences.push(`${name} is missing in the copy`);
    else if (copied !== definition && (sameMajor || !isWorded(name))) {
      differences.push(`${name} is "${definition}" in the source and "${copied}" in the copy`);
    }
  }
  for (const name of copy.keys()) if (!source.has(name)) differences.push(`${name} is in the copy alone`);
  return differences;
}
