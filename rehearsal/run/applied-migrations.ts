import { withConnection } from "../../engine/postgres.ts";
import { readMigrations } from "../snapshot/catalogue.ts";
import type { RunContext } from "./context.ts";

/**
 * The migrations that an environment's database has applied, `app.name` each, in their order. None where the database does
 * not answer or has no such table: what is wrong there, the steps say.
 */
export async function appliedMigrations({ administration }: RunContext): Promise<string[]> {
  try {
    return await withConnection(administration, readMigrations);
  } catch {
    return [];
  }
}
