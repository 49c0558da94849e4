import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import type { ReleaseRehearsal } from "../rehearsal/migration/release-rehearsal.ts";
import { laterValue } from "./engine-objects.ts";
import type { DatabaseAdministration } from "./postgres-database.ts";

/** Arguments of the migration step. */
export interface MigrationArgs {
  readonly environmentName: string;
  readonly projectName: string;
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
  /** What the migrations are rehearsed with on a clone before they run. */
  readonly rehearsal: MigrationRehearsalArgs;
  readonly engine: Dockerode;
}

/** Arguments of the rehearsal before the migration. */
export interface MigrationRehearsalArgs
  extends Pick<
    ReleaseRehearsal,
    | "appService"
    | "databaseMemoryMiB"
    | "databaseParameters"
    | "paths"
    | "longestWaitSeconds"
    | "accepted"
    | "snapshot"
    | "startsFromSnapshot"
  > {
  /** What an update rehearses; a preview does the fast form of it. */
  readonly form: "full" | "fast" | "none";
  readonly administration: DatabaseAdministration;
  readonly databaseAdminPassword: pulumi.Output<string>;
}

/** What is known of the environment once the step runs; undefined while it is not. */
export type LaterValues = Readonly<
  Record<"image" | "url" | "secretKey" | "adminPassword" | "databasePassword", () => Promise<string | undefined>>
>;

/**
 * Migrates the database to the release, from the release's image, as the owner of the schema: before any task of the
 * release starts. It runs when the release, the database's server or the administrator's password is another one than at
 * the last success.
 *
 * Before that they are rehearsed on a clone of a snapshot: what would break the environment ends the deployment before
 * anything is changed. A failure ends it with Django's own error; what depends on this step stays as it was, and the next
 * `up` migrates again. A preview lists the migrations that would run, with what the rehearsal found.
 */
export class Migration extends pulumi.ComponentResource {
  public constructor(name: string, args: MigrationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:Migration", name, {}, opts);
    const later: LaterValues = {
      image: laterValue(pulumi.output(args.image)),
      url: laterValue(args.ownerUrl),
      secretKey: laterValue(args.secretKey),
      adminPassword: laterValue(args.adminPassword),
      databasePassword: laterValue(args.rehearsal.databaseAdminPassword),
    };
    const hooks = [
      new pulumi.ResourceHook(
        `${name}-plan-or-run`,
        async () => {
          // Most deployments have nothing to migrate, and it takes a third of a second to load.
          const { planOrMigrate } = await import("./migration-step.ts");
          await planOrMigrate(args, later);
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
