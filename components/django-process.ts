import type * as pulumi from "@pulumi/pulumi";
import { secretFile } from "./engine-objects.ts";
import type { MountedFile } from "./swarm-service.ts";

/** What every process of the Django project is given, whatever it does. */
export interface DjangoProcess {
  readonly release: string;
  readonly settingsModule: string;
  /** Full hostnames; `*.name` for a wildcard. */
  readonly hostnames: readonly string[];
  /** Published port of the gateway. */
  readonly gatewayPort: number;
  readonly secretKey: pulumi.Output<string>;
  /** The project's own variables in clear. */
  readonly environment: Readonly<Record<string, string>>;
  /** The project's own secret variables. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * How long a task waits for the database, then an application task for its static files, and how long a task may take to
 * become healthy: longer than both, since a task that waits is unhealthy.
 */
export const WAIT_SECONDS = { database: 45, staticFiles: 60, healthy: 120 };

/** The variables in clear of a process of the Django project. */
export function djangoVariables(process: Omit<DjangoProcess, "secretKey" | "secrets">): Record<string, string> {
  const port = process.gatewayPort === 443 ? "" : `:${process.gatewayPort}`;
  return {
    ...process.environment,
    DJANGO_SETTINGS_MODULE: process.settingsModule,
    DJANGO_DEBUG: "0",
    DJANGO_ALLOWED_HOSTS: process.hostnames.map((name) => name.replace(/^\*\./, ".")).join(","),
    DJANGO_CSRF_TRUSTED_ORIGINS: process.hostnames.map((name) => `https://${name}${port}`).join(","),
    STATIC_ROOT: "/srv/static",
    MEDIA_ROOT: "/srv/media",
    DATABASE_WAIT_SECONDS: String(WAIT_SECONDS.database),
    RELEASE: process.release,
  };
}

/** The secret files of a process of the Django project, with the URLs of the databases that it uses. */
export function djangoSecrets(
  name: string,
  environmentName: string,
  process: DjangoProcess,
  urls: Readonly<Record<string, pulumi.Output<string>>>,
  opts: pulumi.CustomResourceOptions,
): MountedFile[] {
  const contents: Record<string, pulumi.Input<string>> = {
    ...process.secrets,
    ...urls,
    DJANGO_SECRET_KEY: process.secretKey,
  };
  return Object.entries(contents).map(([variable, content]) =>
    secretFile(`${name}-${variable.toLowerCase().replaceAll("_", "-")}`, environmentName, variable, content, opts),
  );
}
