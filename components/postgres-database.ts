import * as docker from "@pulumi/docker";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import type Dockerode from "dockerode";
import type { RoleName } from "../engine/database-rights.ts";
import { scramVerifier } from "../engine/scram.ts";
import { DatabaseRoles } from "./database-roles.ts";
import { environmentLabels, leftoverHook, unusedVolumeHook } from "./engine-objects.ts";
import { HEALTH_TIMEOUT, steadyHealth } from "./steady-health.ts";

/** A server that somebody else runs. */
export interface ExternalServer {
  readonly host: string;
  readonly port: number;
  /** A role that may create roles and databases. */
  readonly username: string;
  readonly password: string;
  readonly sslmode: "disable" | "require" | "verify-ca" | "verify-full";
  /** Put before the names of the roles, where several environments share the server. */
  readonly rolePrefix: string;
}

/** A snapshot as an environment's database starts from it. */
export interface DatabaseSnapshot {
  readonly id: string;
  /** Name of its image on the engine. */
  readonly image: string;
}

/** Arguments of the environment's database. */
export interface PostgresDatabaseArgs {
  readonly environmentName: string;
  readonly server: "container" | ExternalServer;
  /** Image of the container's server. */
  readonly image: pulumi.Input<string>;
  /** Snapshot that the container starts from; without one its data is on a volume. */
  readonly snapshot: DatabaseSnapshot | undefined;
  readonly databaseName: string;
  readonly extensions: readonly string[];
  /** Port on the loopback address for administration. */
  readonly adminPort: number;
  readonly maxConnections: number;
  readonly memoryMiB: number;
  /** Whether destroying the stack must not delete the data. */
  readonly protect: boolean;
  /** Network, by name, in which the server is reached as `database`. */
  readonly dataNetwork: pulumi.Input<string>;
  readonly engine: Dockerode;
}

/** How this program itself reaches the server. */
export interface DatabaseAdministration {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly database: string;
  readonly sslmode: ExternalServer["sslmode"];
}

/** Major version of the servers that `images/postgres` makes. */
export const POSTGRES_MAJOR = 17;

const DATA_FOLDER = "/var/lib/postgresql/data";

/**
 * PostgreSQL with the environment's database, roles, grants and extensions: a container whose administration port is bound
 * to the loopback address alone, or a server that somebody else runs. The container's data is on a volume; or it is a
 * snapshot's, in the container's own layer, and goes with the container.
 */
export class PostgresDatabase extends pulumi.ComponentResource {
  public readonly administration: DatabaseAdministration;
  public readonly adminPassword: pulumi.Output<string>;
  /** `host:port/name` as an administrator reaches it. */
  public readonly address: string;
  /** Another value when another server holds the database: what was migrated before says nothing then. */
  public readonly serverIdentity: pulumi.Output<string>;
  readonly #roles: DatabaseRoles;
  readonly #url: (role: string, password: string) => string;

  public constructor(name: string, args: PostgresDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:PostgresDatabase", name, {}, opts);
    const superuser = new random.RandomPassword(`${name}-superuser`, { length: 32, special: false }, { parent: this });
    const external = args.server === "container" ? undefined : args.server;
    const container = external === undefined ? this.#container(name, args, superuser.result) : undefined;
    this.serverIdentity = container?.id ?? pulumi.output(`${external?.host ?? ""}:${external?.port ?? ""}`);
    this.adminPassword = external === undefined ? superuser.result : pulumi.secret(external.password);
    this.administration = {
      host: external?.host ?? "127.0.0.1",
      port: external?.port ?? args.adminPort,
      username: external?.username ?? "postgres",
      database: args.databaseName,
      sslmode: external?.sslmode ?? "disable",
    };
    this.address = `${this.administration.host}:${this.administration.port}/${args.databaseName}`;
    const { host, port, username, sslmode } = this.administration;
    // Host and port are plain values, or previews would know nothing of the database.
    const provider = new postgresql.Provider(
      `${name}-admin`,
      {
        host,
        port,
        username,
        sslmode,
        password: this.adminPassword,
        database: "postgres",
        superuser: external === undefined,
      },
      { parent: this, dependsOn: container === undefined ? [] : [container] },
    );
    this.#roles = new DatabaseRoles(
      `${name}-roles`,
      {
        administration: this.administration,
        adminPassword: this.adminPassword,
        databaseName: args.databaseName,
        rolePrefix: external?.rolePrefix ?? "",
        extensions: args.extensions,
        protect: args.protect,
        server: container,
        snapshot: args.snapshot?.id,
        engine: args.engine,
      },
      { parent: this, provider },
    );
    const [server, parameters] =
      external === undefined
        ? ["database:5432", ""]
        : [`${external.host}:${external.port}`, `?sslmode=${external.sslmode}`];
    this.#url = (role, password) => `postgres://${role}:${password}@${server}/${args.databaseName}${parameters}`;
    this.registerOutputs();
  }

  /** The URL with which a process of the environment reaches the database in a role. */
  public url(role: RoleName): pulumi.Output<string> {
    const { name, password } = this.#roles.login(role);
    return password.apply((secret) => this.#url(name, secret));
  }

  /** The URL with which a process of this host reaches the database in a role. */
  public hostUrl(role: RoleName): pulumi.Output<string> {
    const { name, password } = this.#roles.login(role);
    const { host, port, database, sslmode } = this.administration;
    return password.apply((secret) => `postgres://${name}:${secret}@${host}:${port}/${database}?sslmode=${sslmode}`);
  }

  /** Names of the roles on the server. */
  public roleName(role: RoleName): string {
    return this.#roles.login(role).name;
  }

  #container(name: string, args: PostgresDatabaseArgs, password: pulumi.Output<string>): docker.Container {
    const labels = environmentLabels(args.environmentName);
    const salt = new random.RandomId(`${name}-superuser-salt`, { byteLength: 16 }, { parent: this });
    const verifier = pulumi.all([password, salt.b64Std]).apply(([text, salted]) => scramVerifier(text, salted));
    const containerName = `${args.environmentName}-database`;
    return new docker.Container(
      `${name}-server`,
      {
        name: containerName,
        labels,
        command: ["postgres", ...serverParameters(args).flatMap((parameter) => ["-c", parameter])],
        // Files cannot be uploaded to a container with a read-only root filesystem, and the password itself must not
        // stand in its environment: what the server keeps of it may.
        envs: [pulumi.interpolate`POSTGRES_PASSWORD_VERIFIER=${verifier}`],
        ...(args.snapshot === undefined ? this.#onVolume(name, args) : inOwnLayer(args.snapshot)),
        networkMode: "bridge",
        networksAdvanced: [{ name: args.dataNetwork, aliases: ["database"] }, { name: "bridge" }],
        ports: [{ internal: 5432, external: args.adminPort, ip: "127.0.0.1", protocol: "tcp" }],
        healthcheck: {
          tests: steadyHealth(["pg_isready", "--host=127.0.0.1", "--quiet"]),
          interval: "1s",
          timeout: HEALTH_TIMEOUT,
          retries: 120,
          startPeriod: "0s",
        },
        mustRun: true,
        wait: true,
        waitTimeout: 120,
        restart: "unless-stopped",
        // A clean stop writes a checkpoint; a killed server has to recover at its next start.
        destroyGraceSeconds: 60,
        stopSignal: "SIGINT",
        stopTimeout: 60,
        tmpfs: { "/tmp": "rw,nosuid,nodev,noexec" },
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        shmSize: 256,
        memory: args.memoryMiB,
        // Equal to the memory: no swap, and a value without which the declared and the running container differ.
        memorySwap: args.memoryMiB,
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
      },
      {
        parent: this,
        deleteBeforeReplace: true,
        // The image's labels show among the container's own.
        ignoreChanges: args.snapshot === undefined ? [] : ["labels"],
        // The provider ignores a changed health check otherwise, and a container whose wait failed.
        replaceOnChanges: ["healthcheck", "#initerror"],
        hooks: { beforeCreate: [leftoverHook(args.engine, "container", containerName, args.environmentName)] },
      },
    );
  }

  #onVolume(name: string, args: PostgresDatabaseArgs): Pick<docker.ContainerArgs, "image" | "volumes" | "readOnly"> {
    const volume = new docker.Volume(
      `${name}-data`,
      { name: `${args.environmentName}-data`, labels: environmentLabels(args.environmentName) },
      {
        parent: this,
        protect: args.protect,
        retainOnDelete: args.protect,
        hooks: { beforeCreate: [unusedVolumeHook(args.engine, `${args.environmentName}-data`)] },
      },
    );
    return {
      image: args.image,
      volumes: [{ volumeName: volume.name, containerPath: DATA_FOLDER }],
      readOnly: true,
    };
  }
}

/** The data is in the snapshot's image, and what changes of it in the container's own layer. */
function inOwnLayer({ image }: DatabaseSnapshot): Pick<docker.ContainerArgs, "image" | "readOnly"> {
  return { image, readOnly: false };
}

/** Parameters of the container's server that follow from its size. */
export function serverParameters({
  memoryMiB,
  maxConnections,
}: {
  memoryMiB: number;
  maxConnections: number;
}): string[] {
  return [
    `max_connections=${maxConnections}`,
    `shared_buffers=${Math.max(16, Math.floor(memoryMiB / 4))}MB`,
    `effective_cache_size=${Math.max(32, Math.floor((memoryMiB * 3) / 4))}MB`,
  ];
}
