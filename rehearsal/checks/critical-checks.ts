import { adminLogin } from "./admin-login.ts";
import { apiAnswers } from "./api-answers.ts";
import { apiLinks } from "./api-links.ts";
import { appCsrf } from "./app-csrf.ts";
import { appDebugOff } from "./app-debug-off.ts";
import { appDeployCheck } from "./app-deploy-check.ts";
import { appHosts } from "./app-hosts.ts";
import { appLogging } from "./app-logging.ts";
import { appMedia } from "./app-media.ts";
import { appPasswords } from "./app-passwords.ts";
import { appWriteRead } from "./app-write-read.ts";
import type { Check, DeployedEnvironment } from "./check.ts";
import { databaseMigrations } from "./database-migrations.ts";
import { databaseRoles } from "./database-roles.ts";
import { etlAlive } from "./etl-alive.ts";
import { etlLastRun } from "./etl-last-run.ts";
import { gatewayProxy } from "./gateway-proxy.ts";
import { gatewaySizes } from "./gateway-sizes.ts";
import { gatewayTls } from "./gateway-tls.ts";
import { healthDatabaseAway } from "./health-database-away.ts";
import { imageHealthCommand } from "./image-health-command.ts";
import { imageImports } from "./image-imports.ts";
import { imageMoments } from "./image-moments.ts";
import { imagePrograms } from "./image-programs.ts";
import { imageRequirements } from "./image-requirements.ts";
import { imageSecrets } from "./image-secrets.ts";
import { imageTranslations } from "./image-translations.ts";
import { networkClosed } from "./network-closed.ts";
import { ownCheck } from "./own-checks.ts";
import { releaseSingle } from "./release-single.ts";
import { releaseSteady } from "./release-steady.ts";
import { releaseStopSignal } from "./release-stop-signal.ts";
import { type FailedCheck, failedOf, runChecks } from "./run-checks.ts";
import { timeZone } from "./time-zone.ts";
import { webCookies } from "./web-cookies.ts";
import { webLinks } from "./web-links.ts";
import { webPage } from "./web-page.ts";
import { webStatic } from "./web-static.ts";

/** What is looked at from inside of the release's image, whether or not its tasks run. */
const imageChecks: readonly Check[] = [
  imageImports,
  imageMoments,
  imagePrograms,
  imageRequirements,
  imageSecrets,
  imageTranslations,
];

/** The checks that every project has. */
export const criticalChecks: readonly Check[] = [
  gatewayTls,
  gatewayProxy,
  gatewaySizes,
  webPage,
  webStatic,
  webLinks,
  webCookies,
  apiAnswers,
  apiLinks,
  adminLogin,
  appHosts,
  appCsrf,
  appDebugOff,
  appDeployCheck,
  appLogging,
  appWriteRead,
  appPasswords,
  appMedia,
  databaseMigrations,
  databaseRoles,
  timeZone,
  etlAlive,
  etlLastRun,
  networkClosed,
  healthDatabaseAway,
  imageHealthCommand,
  ...imageChecks,
  releaseSingle,
  releaseSteady,
  releaseStopSignal,
];

/** The checks that run after every deployment of an environment: those above and the project's own. */
export function checksOf({ checks }: DeployedEnvironment): readonly Check[] {
  return [...criticalChecks, ...checks.own.map(ownCheck)];
}

/**
 * What is wrong with the image of a release whose tasks do not run: they say what they failed at, which need not be the
 * reason.
 */
export async function failedImageChecks(environment: DeployedEnvironment): Promise<FailedCheck[]> {
  return failedOf(await runChecks(imageChecks, environment));
}
