import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { type DjangoProcess, djangoSecrets, djangoVariables, WAIT_SECONDS } from "./django-process.ts";
import { APPLICATION_PORT, STATIC_PORT } from "./gateway-config.ts";
import { SwarmService } from "./swarm-service.ts";

/** Arguments of the application. */
export interface DjangoAppArgs {
  readonly environmentName: string;
  readonly image: pulumi.Input<string>;
  readonly process: DjangoProcess;
  readonly command: readonly string[];
  /** URLs of the database in the roles `app` and `report`. */
  readonly databaseUrl: pulumi.Output<string>;
  readonly reportDatabaseUrl: pulumi.Output<string>;
  readonly mediaVolume: pulumi.Input<string>;
  /** Networks, by id. */
  readonly appNetwork: pulumi.Input<string>;
  readonly dataNetwork: pulumi.Input<string>;
  readonly replicas: number;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly drainSeconds: number;
  readonly engine: Dockerode;
}

/**
 * The Django application and its API.
 *
 * A task serves when it has reached the database in its own role, found all migrations applied, and the static files of
 * its release served; told to stop, it serves on until the gateway has forgotten it.
 */
export class DjangoApp extends pulumi.ComponentResource {
  public readonly service: SwarmService;

  public constructor(name: string, args: DjangoAppArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:DjangoApp", name, {}, opts);
    const secrets = djangoSecrets(
      `${name}-app`,
      args.environmentName,
      args.process,
      { DATABASE_URL: args.databaseUrl, REPORT_DATABASE_URL: args.reportDatabaseUrl },
      { parent: this },
    );
    this.service = new SwarmService(
      `${name}-app`,
      {
        serviceName: `${args.environmentName}-app`,
        environmentName: args.environmentName,
        image: args.image,
        command: ["/opt/rehearsal/run", "serve", "--", ...args.command],
        variables: {
          ...djangoVariables(args.process),
          PORT: String(APPLICATION_PORT),
          DRAIN_SECONDS: String(args.drainSeconds),
          STATIC_WAIT_SECONDS: String(WAIT_SECONDS.staticFiles),
          STATIC_READY_URL: `http://static:${STATIC_PORT}/static/.releases/${args.process.release}`,
        },
        secrets,
        networks: [
          { id: args.appNetwork, alias: "application" },
          { id: args.dataNetwork, alias: "application" },
        ],
        volumes: [{ name: args.mediaVolume, path: "/srv/media", readOnly: false }],
        healthCommand: ["/opt/rehearsal/run", "health"],
        startSeconds: WAIT_SECONDS.healthy,
        stopSeconds: args.drainSeconds + 30,
        replicas: args.replicas,
        memoryMiB: args.memoryMiB,
        cpus: args.cpus,
        updateOrder: "start-first",
        engine: args.engine,
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
