import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { adoptDatabase } from "../engine/adopt-database.ts";
import { copyUpTables } from "../engine/copy-up.ts";
import type { WorkerRole } from "../engine/database-rights.ts";
import { SNAPSHOT_DATABASE, SNAPSHOT_OWNER, STATISTICS_DATABASE } from "../rehearsal/snapshot/snapshot-image.ts";
import { laterValue } from "./engine-objects.ts";
import type { DatabaseAdministration } from "./postgres-database.ts";

/** Arguments of the step that takes a snapshot's database over. */
export interface SnapshotDatabaseArgs {
  /** Id of the snapshot. */
  readonly snapshot: string;
  /** Another value when another container holds the data. */
  readonly server: pulumi.Output<string>;
  readonly administration: DatabaseAdministration;
  readonly adminPassword: pulumi.Output<string>;
  readonly databaseName: string;
  /** Names of the roles on the server. */
  readonly owner: string;
  readonly workers: Readonly<Record<WorkerRole, string>>;
  readonly engine: Dockerode;
}

/**
 * Puts the database of the snapshot that the server was started from in the place of the empty one that is declared, as
 * that one's owner and roles would have it, and copies its large tables into the container's own layer before anybody
 * works on them. It runs once for each container; one that was interrupted runs again.
 */
export class SnapshotDatabase extends pulumi.ComponentResource {
  public constructor(name: string, args: SnapshotDatabaseArgs, opts: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:SnapshotDatabase", name, {}, opts);
    const adminPassword = laterValue(args.adminPassword);
    const container = laterValue(args.server);
    const adopt = new pulumi.ResourceHook(`${name}-adopt`, async () => {
      const [password, server] = [await adminPassword(), await container()];
      if (password === undefined || server === undefined) return;
      const address = { ...args.administration, password };
      await adoptDatabase(address, {
        from: { database: SNAPSHOT_DATABASE, owner: SNAPSHOT_OWNER },
        beside: STATISTICS_DATABASE,
        database: args.databaseName,
        owner: args.owner,
        workers: args.workers,
      });
      await copyUpTables(args.engine, server, { ...address, database: args.databaseName });
    });
    new pulumi.Stash(
      `${name}-adopted`,
      { input: { snapshot: args.snapshot, server: args.server } },
      { parent: this, hooks: { beforeCreate: [adopt], beforeUpdate: [adopt] } },
    );
    this.registerOutputs();
  }
}
