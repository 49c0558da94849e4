import type pg from "pg";

/** `owner` migrates and owns the schema, `app` and `etl` read and write rows, `report` only reads. */
export type RoleName = "owner" | "app" | "etl" | "report";

/** A role that has rights instead of owning. */
export type WorkerRole = Exclude<RoleName, "owner">;

/** What each role may do with the tables and sequences of the schema, those of later migrations too. */
export const RIGHTS: Readonly<
  Record<WorkerRole, { readonly table: readonly string[]; readonly sequence: readonly string[] }>
> = {
  app: { table: ["SELECT", "INSERT", "UPDATE", "DELETE"], sequence: ["SELECT", "USAGE"] },
  etl: { table: ["SELECT", "INSERT", "UPDATE", "DELETE"], sequence: ["SELECT", "USAGE"] },
  report: { table: ["SELECT"], sequence: ["SELECT"] },
};

/**
 * Gives a role its rights on the tables and sequences that exist: default privileges cover only those that come later.
 *
 * @param client connected to the database, as its owner or a superuser
 * @param name of the role on the server
 */
export async function grantOnExisting(
  client: pg.Client,
  role: WorkerRole,
  name: string,
  schema = "public",
): Promise<void> {
  const [to, inSchema] = [client.escapeIdentifier(name), client.escapeIdentifier(schema)];
  const { table, sequence } = RIGHTS[role];
  await client.query(`GRANT USAGE ON SCHEMA ${inSchema} TO ${to}`);
  await client.query(`GRANT ${table.join(", ")} ON ALL TABLES IN SCHEMA ${inSchema} TO ${to}`);
  await client.query(`GRANT ${sequence.join(", ")} ON ALL SEQUENCES IN SCHEMA ${inSchema} TO ${to}`);
}
