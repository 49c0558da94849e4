import { readPlan } from "../migration/migrate.ts";
import type { Check } from "./check.ts";

export const databaseMigrations: Check = {
  id: "database.migrations",
  title: "all migrations of the release are applied",
  remedy: "Run pulumi up again; if they were unapplied by hand, apply them from the release.",
  run: async ({ engine, releaseContainer }) => {
    const { database, pending } = await readPlan(engine, releaseContainer);
    if (database === "absent") return [{ expected: "a database that the release reaches", seen: "none" }];
    if (pending.length === 0) return [];
    return [{ expected: "no pending migration", seen: pending.map(({ app, name }) => `${app}.${name}`).join(", ") }];
  },
};
