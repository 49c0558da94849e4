/** Passwords of the peer's roles in its database. */
export interface RolePasswords {
  readonly owner: string;
  readonly app: string;
  readonly etl: string;
  readonly report: string;
}

/** What an administrator runs once on a new server: the same roles, database, rights and extensions as ours. */
export function initialisation(database: string, extensions: readonly string[], passwords: RolePasswords): string {
  const rows = "SELECT, INSERT, UPDATE, DELETE";
  return [
    ...Object.entries(passwords).map(([role, password]) => `CREATE ROLE ${role} LOGIN PASSWORD '${password}';`),
    `CREATE DATABASE "${database}" OWNER owner;`,
    `\\connect "${database}"`,
    ...extensions.map((name) => `CREATE EXTENSION "${name}";`),
    "GRANT USAGE ON SCHEMA public TO app, etl, report;",
    `ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT ${rows} ON TABLES TO app, etl;`,
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT ON TABLES TO report;",
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT, USAGE ON SEQUENCES TO app, etl;",
    "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO report;",
    "",
  ].join("\n");
}
