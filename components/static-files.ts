import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { STATIC_PORT } from "./gateway-config.ts";
import { SwarmService } from "./swarm-service.ts";

/** Arguments of the static file service. */
export interface StaticFilesArgs {
  readonly environmentName: string;
  readonly release: string;
  readonly image: pulumi.Input<string>;
  /** Volume, by name, that holds the files of this release and of those before. */
  readonly staticVolume: pulumi.Input<string>;
  /** Volume, by name, that holds what users have uploaded. */
  readonly mediaVolume: pulumi.Input<string>;
  /** Network, by id, that the gateway is in. */
  readonly appNetwork: pulumi.Input<string>;
  readonly replicas: number;
  readonly memoryMiB: number;
  readonly engine: Dockerode;
}

/**
 * Serves static and media files. A task adds the release's files to the volume before it serves, and serves all that is
 * there: pages of the release before still find theirs while and after one release replaces the other.
 */
export class StaticFiles extends pulumi.ComponentResource {
  public readonly service: SwarmService;

  public constructor(name: string, args: StaticFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:StaticFiles", name, {}, opts);
    this.service = new SwarmService(
      `${name}-static`,
      {
        serviceName: `${args.environmentName}-static`,
        environmentName: args.environmentName,
        image: args.image,
        command: ["setpriv", "--no-new-privs", "/usr/local/bin/entrypoint.sh"],
        variables: { RELEASE: args.release },
        networks: [{ id: args.appNetwork, alias: "static" }],
        volumes: [
          { name: args.staticVolume, path: "/srv/static", readOnly: false },
          { name: args.mediaVolume, path: "/srv/media", readOnly: true },
        ],
        healthCommand: [
          "curl",
          "--fail",
          "--silent",
          "--output",
          "/dev/null",
          `http://127.0.0.1:${STATIC_PORT}/healthz`,
        ],
        startSeconds: 60,
        stopSeconds: 15,
        replicas: args.replicas,
        memoryMiB: args.memoryMiB,
        cpus: 0.5,
        updateOrder: "start-first",
        engine: args.engine,
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}
