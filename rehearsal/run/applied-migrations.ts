import { withConnection } from "../../engine/postgres.ts";
import type { RunContext } from "./context.ts";

/**
 * The migrations that an environment's database has applied, `app.name` each, in the order in which they were. None where
 * the database does not answer or has no such table: what is wrong there, the steps say.
 */
export async function appliedMigrations({ administration }: RunContext): Promise<string[]> {
  try {
    return await withConnection(administration, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        "SELECT app || '.' || name AS name FROM django_migrations ORDER BY applied, id",
      );
      return rows.map(({ name }) => name);
    });
  } catch {
    return [];
  }
}
