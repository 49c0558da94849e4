import { adminLogin } from "./admin-login.ts";
import { apiAnswers } from "./api-answers.ts";
import { appWriteRead } from "./app-write-read.ts";
import type { Check } from "./check.ts";
import { databaseMigrations } from "./database-migrations.ts";
import { databaseRoles } from "./database-roles.ts";
import { etlAlive } from "./etl-alive.ts";
import { gatewayTls } from "./gateway-tls.ts";
import { releaseSingle } from "./release-single.ts";
import { webPage } from "./web-page.ts";
import { webStatic } from "./web-static.ts";

/** The checks that run after every deployment, in every environment. */
export const criticalChecks: readonly Check[] = [
  gatewayTls,
  webPage,
  webStatic,
  apiAnswers,
  adminLogin,
  appWriteRead,
  databaseMigrations,
  databaseRoles,
  etlAlive,
  releaseSingle,
];
