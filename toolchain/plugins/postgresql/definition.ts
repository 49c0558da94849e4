import type { ProviderDefinition } from "../framework/provider.ts";
import { configProperties, configure } from "./configuration.ts";
import { database } from "./database.ts";
import { defaultPrivileges } from "./default-privileges.ts";
import { extension } from "./extension.ts";
import { grant } from "./grant.ts";
import { grantRole } from "./grant-role.ts";
import { role } from "./role.ts";
import { schema } from "./schema.ts";
import type { PostgresServer } from "./server.ts";

/** The stand-in of the postgresql plugin, for PostgreSQL 13 and later. */
export const postgresqlProvider: ProviderDefinition<PostgresServer> = {
  name: "postgresql",
  version: "3.18.1",
  configProperties,
  configure,
  resources: [role, database, schema, extension, grant, grantRole, defaultPrivileges],
};
