import type { Check } from "./check.ts";
import { inspection } from "./release-inspection.ts";

/** Code that runs on another schema than its own fails where the two differ, and nowhere else. */
export const databaseMigrations: Check = {
  id: "database.migrations",
  title: "all migrations of the release are applied",
  cause: "Migrations that were unapplied by hand, or a database that was restored under a running release.",
  consequence: "Queries fail on tables and columns that are not there.",
  remedy: "Run pulumi up again; if they were unapplied by hand, apply them from the release.",
  run: async (environment) => {
    const { pending } = await inspection(environment, "migrations");
    return pending.length === 0 ? [] : [{ expected: "no pending migration", seen: pending.join(", ") }];
  },
};
