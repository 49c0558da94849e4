import type pg from "pg";
import { withConnection } from "../../../engine/postgres.ts";
import { type CatalogueDescription, describeCatalogue } from "../../snapshot/catalogue-description.ts";
import type { RunContext } from "../context.ts";
import { withDeclaredDatabase } from "../throw-away-database.ts";
import { type Rights, readRights } from "./rights.ts";

/** A database as it is declared: what its migrations build, and who may do what in it. */
export interface DescribedDatabase {
  readonly catalogue: CatalogueDescription;
  readonly rights: Rights;
}

/**
 * What the stack declares of its database, read from one that is built from the declaration.
 *
 * @throws Error with the release's own words where its migrations cannot be run from zero
 */
export async function declaredDatabase(context: RunContext): Promise<DescribedDatabase> {
  return await withDeclaredDatabase(
    context,
    "drift",
    async ({ address }) => await withConnection(address, (client) => describeDatabase(client, context.ownServer)),
  );
}

/** What there is of a database, in the same words. */
export async function describeDatabase(client: pg.Client, ownServer: boolean): Promise<DescribedDatabase> {
  return { catalogue: await describeCatalogue(client), rights: await readRights(client, ownServer) };
}
