import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { hasImage } from "../engine/images.ts";
import { ENVIRONMENT_LABEL } from "../engine/leftovers.ts";
import type { OneShot } from "../engine/one-shot.ts";
import { migrate, planMigrations } from "../rehearsal/migration/migrate.ts";
import { laterValue } from "./engine-objects.ts";

/** Arguments of the migration step. */
export interface MigrationArgs {
  readonly environmentName: string;
  /** Hash of the release: another one migrates. */
  readonly release: string;
  /** Image of the new release. */
  readonly image: pulumi.Input<string>;
  /** Its name on the engine, known before it is built. */
  readonly imageName: string;
  /** Another value where the database is on another server than before. */
  readonly serverIdentity: pulumi.Input<string>;
  /** URL of the database in the role that owns the schema. */
  readonly ownerUrl: pulumi.Output<string>;
  readonly secretKey: pulumi.Output<string>;
  readonly adminUsername: string;
  readonly adminPassword: pulumi.Output<string>;
  /** Variables of the project's processes in clear. */
  readonly variables: Readonly<Record<string, string>>;
  /** More secret variables of the project's processes. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Network, by name, in which the database is reached. */
  readonly dataNetwork: string;
  readonly lockTimeoutSeconds: number;
  readonly statementTimeoutSeconds: number;
  readonly waitSeconds: number;
  readonly memoryMiB: number;
  readonly engine: Dockerode;
}

/**
 * Migrates the database to the release, from the release's image, as the owner of the schema: before any task of the
 * release starts. It runs when the release, the database's server or the administrator's password is another one than at
 * the last success.
 *
 * A failure ends the deployment with Django's own error; what depends on this step stays as it was, and the next `up`
 * migrates again. A preview lists the migrations that would run.
 */
export class Migration extends pulumi.ComponentResource {
  public constructor(name: string, args: MigrationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:Migration", name, {}, opts);
    const step = migrationStep(args);
    const hooks = [
      new pulumi.ResourceHook(
        `${name}-plan-or-run`,
        async () => {
          await step();
        },
        { onDryRun: true },
      ),
    ];
    new pulumi.Stash(
      `${name}-applied`,
      {
        input: {
          release: args.release,
          server: args.serverIdentity,
          administrator: pulumi.unsecret(args.adminPassword.apply(fingerprint)),
        },
      },
      { parent: this, hooks: { beforeCreate: hooks, beforeUpdate: hooks } },
    );
    this.registerOutputs();
  }
}

/** Tells one generated password from another and nothing else about it. */
function fingerprint(password: string): string {
  return createHash("sha256").update(password).digest("hex").slice(0, 12);
}

function migrationStep(args: MigrationArgs): () => Promise<void> {
  const later = {
    image: laterValue(pulumi.output(args.image)),
    url: laterValue(args.ownerUrl),
    secretKey: laterValue(args.secretKey),
    adminPassword: laterValue(args.adminPassword),
  };
  const say = (line: string) => void pulumi.log.info(`migrate | ${line}`);
  return async () => {
    const [url, secretKey, adminPassword] = [await later.url(), await later.secretKey(), await later.adminPassword()];
    const preview = pulumi.runtime.isDryRun();
    const run: Omit<OneShot, "command"> = {
      name: `${args.environmentName}-migrate`,
      image: (await later.image()) ?? args.imageName,
      environment: {
        ...args.variables,
        RELEASE: args.release,
        ADMIN_USERNAME: args.adminUsername,
        MIGRATION_LOCK_TIMEOUT: String(args.lockTimeoutSeconds * 1000),
        MIGRATION_STATEMENT_TIMEOUT: String(args.statementTimeoutSeconds * 1000),
        LOCK_WAIT_SECONDS: String(args.waitSeconds),
      },
      secrets: {
        ...args.secrets,
        ...(url === undefined ? {} : { DATABASE_URL: url }),
        DJANGO_SECRET_KEY: secretKey ?? "only for listing migrations",
        ...(adminPassword === undefined ? {} : { ADMIN_PASSWORD: adminPassword }),
      },
      networks: [args.dataNetwork],
      memoryBytes: args.memoryMiB * 1024 * 1024,
      labels: { [ENVIRONMENT_LABEL]: args.environmentName },
    };
    if (!preview) await migrate(args.engine, run, args.waitSeconds, say);
    else if (await hasImage(args.engine, args.imageName)) await planMigrations(args.engine, run, say);
    else say(`${args.imageName} is not built yet; its migrations are listed once it is`);
  };
}
