import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type Dockerode from "dockerode";
import { RIGHTS, type RoleName } from "../engine/database-rights.ts";
import { removeLeftoverDatabase, removeLeftoverRole } from "../engine/postgres.ts";
import { laterValue } from "./engine-objects.ts";
import type { DatabaseAdministration } from "./postgres-database.ts";
import { SnapshotDatabase } from "./snapshot-database.ts";

/** Arguments of the roles, their database and their rights. */
export interface DatabaseRolesArgs {
  readonly administration: DatabaseAdministration;
  readonly adminPassword: pulumi.Output<string>;
  readonly databaseName: string;
  readonly rolePrefix: string;
  readonly extensions: readonly string[];
  readonly protect: boolean;
  /** The server, where it is the environment's own: what is in it goes, or stays, with its data. */
  readonly server: pulumi.CustomResource | undefined;
  readonly engine: Dockerode;
  /** Id of the snapshot that the server was started from: its data goes with its container. */
  readonly snapshot: string | undefined;
}

/** A role that can log in. */
export interface Login {
  readonly name: string;
  readonly password: pulumi.Output<string>;
}

/**
 * The environment's roles, database, extensions and grants.
 *
 * Rights are default privileges of `owner`, which alone creates tables: what a migration makes later has them too. On a
 * server from a snapshot all of it is made anew with each container, and the snapshot's database takes the empty one's
 * place.
 */
export class DatabaseRoles extends pulumi.ComponentResource {
  readonly #logins: Record<RoleName, Login>;
  /** What becomes of all this when the server is deleted, or is another one. */
  readonly #fate: pulumi.CustomResourceOptions;

  public constructor(name: string, args: DatabaseRolesArgs, opts: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:DatabaseRoles", name, {}, opts);
    this.#fate = fateWith(args);
    const roles = { owner: this.#role("owner", name, args), ...this.#workers(name, args) };
    this.#logins = {
      owner: roles.owner.login,
      app: roles.app.login,
      etl: roles.etl.login,
      report: roles.report.login,
    };
    const database = this.#database(name, args, roles.owner.resource);
    const filled = this.#fill(name, args, [...Object.values(roles).map(({ resource }) => resource), database]);
    for (const extension of args.extensions) {
      new postgresql.Extension(
        `${name}-extension-${extension}`,
        { name: extension, database: database.name },
        { ...this.#fate, parent: this, dependsOn: filled },
      );
    }
    this.#lastGrant = filled;
    for (const role of ["app", "etl", "report"] as const)
      this.#grant(name, role, roles[role].resource, roles.owner.resource, database);
    this.registerOutputs();
  }

  /** Name and password of a role. */
  public login(role: RoleName): Login {
    return this.#logins[role];
  }

  #workers(name: string, args: DatabaseRolesArgs) {
    return {
      app: this.#role("app", name, args),
      etl: this.#role("etl", name, args),
      report: this.#role("report", name, args),
    };
  }

  #role(role: RoleName, name: string, args: DatabaseRolesArgs): { login: Login; resource: postgresql.Role } {
    const roleName = `${args.rolePrefix}${role}`;
    const { result } = new random.RandomPassword(
      `${name}-${role}-password`,
      { length: 32, special: false },
      { parent: this },
    );
    const adminPassword = laterValue(args.adminPassword);
    const resource = new postgresql.Role(
      `${name}-${role}`,
      { name: roleName, login: true, password: result },
      {
        ...this.#fate,
        parent: this,
        // What is kept in the database depends on its roles.
        protect: args.protect,
        ...(args.protect ? { retainOnDelete: true } : {}),
        hooks: {
          beforeCreate: [
            new pulumi.ResourceHook(`${name}-${role}-leftover`, async () => {
              const password = await adminPassword();
              if (password !== undefined) await removeLeftoverRole({ ...args.administration, password }, roleName);
            }),
          ],
        },
      },
    );
    return { login: { name: roleName, password: result }, resource };
  }

  #database(name: string, args: DatabaseRolesArgs, owner: postgresql.Role): postgresql.Database {
    const adminPassword = laterValue(args.adminPassword);
    return new postgresql.Database(
      `${name}-database`,
      { name: args.databaseName, owner: owner.name },
      {
        ...this.#fate,
        parent: this,
        protect: args.protect,
        ...(args.protect ? { retainOnDelete: true } : {}),
        hooks: {
          beforeCreate: [
            new pulumi.ResourceHook(`${name}-database-leftover`, async () => {
              const password = await adminPassword();
              if (password !== undefined)
                await removeLeftoverDatabase({ ...args.administration, password }, args.databaseName);
            }),
          ],
        },
      },
    );
  }

  /** Puts the snapshot's database in the empty one's place, where the server was started from one. */
  #fill(name: string, args: DatabaseRolesArgs, declared: pulumi.Resource[]): pulumi.Resource[] {
    if (args.snapshot === undefined || args.server === undefined) return [];
    const filled = new SnapshotDatabase(
      `${name}-snapshot`,
      {
        snapshot: args.snapshot,
        server: args.server.id,
        administration: args.administration,
        adminPassword: args.adminPassword,
        databaseName: args.databaseName,
        owner: this.#logins.owner.name,
        workers: {
          app: this.#logins.app.name,
          etl: this.#logins.etl.name,
          report: this.#logins.report.name,
        },
        engine: args.engine,
      },
      { parent: this, dependsOn: declared },
    );
    return [filled];
  }

  /** One grant after the other: the server refuses concurrent changes of one object's rights. */
  #grant(
    name: string,
    role: Exclude<RoleName, "owner">,
    resource: postgresql.Role,
    owner: postgresql.Role,
    database: postgresql.Database,
  ): void {
    const schema = new postgresql.Grant(
      `${name}-${role}-schema`,
      { database: database.name, role: resource.name, schema: "public", objectType: "schema", privileges: ["USAGE"] },
      { ...this.#fate, parent: this, dependsOn: this.#lastGrant },
    );
    const tables = new postgresql.DefaultPrivileges(
      `${name}-${role}-tables`,
      {
        database: database.name,
        role: resource.name,
        owner: owner.name,
        schema: "public",
        objectType: "table",
        privileges: [...RIGHTS[role].table],
      },
      { ...this.#fate, parent: this, dependsOn: [schema] },
    );
    const sequences = new postgresql.DefaultPrivileges(
      `${name}-${role}-sequences`,
      {
        database: database.name,
        role: resource.name,
        owner: owner.name,
        schema: "public",
        objectType: "sequence",
        privileges: [...RIGHTS[role].sequence],
      },
      { ...this.#fate, parent: this, dependsOn: [tables] },
    );
    this.#lastGrant = [sequences];
  }

  #lastGrant: pulumi.Resource[] = [];
}

function fateWith({ server, snapshot }: DatabaseRolesArgs): pulumi.CustomResourceOptions {
  if (server === undefined) return {};
  // What is in the environment's own server need not be dropped one by one before the server itself is deleted.
  if (snapshot === undefined) return { deletedWith: server };
  // Another container has none of it. The trigger is kept with each of them, so that a deployment which was interrupted
  // in between goes on; and what has gone already must not be dropped by its name, which the new one has.
  return { deletedWith: server, replacementTrigger: server.id, retainOnDelete: true };
}
