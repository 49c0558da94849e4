import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { type DjangoProcess, djangoSecrets, djangoVariables, WAIT_SECONDS } from "./django-process.ts";
import { SwarmService } from "./swarm-service.ts";

/** Arguments of the ETL worker. */
export interface EtlWorkerArgs {
  readonly environmentName: string;
  readonly image: pulumi.Input<string>;
  readonly process: DjangoProcess;
  readonly command: readonly string[];
  /** More variables of the worker alone. */
  readonly environment: Readonly<Record<string, string>>;
  /** URL of the database in the role `etl`. */
  readonly databaseUrl: pulumi.Output<string>;
  readonly mediaVolume: pulumi.Input<string>;
  /** Network, by id. */
  readonly dataNetwork: pulumi.Input<string>;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly engine: Dockerode;
}

/** The ETL worker: one task, the old one stopped before the new one starts, so that no job has two schedulers. */
export class EtlWorker extends pulumi.ComponentResource {
  public readonly service: SwarmService;

  public constructor(name: string, args: EtlWorkerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:EtlWorker", name, {}, opts);
    const secrets = djangoSecrets(
      `${name}-etl`,
      args.environmentName,
      args.process,
      { DATABASE_URL: args.databaseUrl },
      { parent: this },
    );
    this.service = new SwarmService(
      `${name}-etl`,
      {
        serviceName: `${args.environmentName}-etl`,
        environmentName: args.environmentName,
        image: args.image,
        command: ["/opt/rehearsal/run", "worker", "--", ...args.command],
        variables: { ...djangoVariables(args.process), ...args.environment },
        secrets,
        networks: [{ id: args.dataNetwork, alias: "etl" }],
        volumes: [{ name: args.mediaVolume, path: "/srv/media", readOnly: false }],
        healthCommand: ["/opt/rehearsal/run", "health"],
        startSeconds: WAIT_SECONDS.healthy,
        // A batch that is under way is finished or checkpointed.
        stopSeconds: 60,
        replicas: 1,
        memoryMiB: args.memoryMiB,
        cpus: args.cpus,
        updateOrder: "stop-first",
        engine: args.engine,
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
