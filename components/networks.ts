import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { environmentLabels, leftoverHook } from "./engine-objects.ts";

/** Arguments of an environment's networks. */
export interface NetworksArgs {
  readonly environmentName: string;
  /** Whether the application and the ETL worker reach the outside. */
  readonly outside: boolean;
  readonly engine: Dockerode;
}

/**
 * The networks of an environment: `front`, whose port is published and that only the gateway is in; `app`, which joins
 * the gateway with what is behind it; `data`, which joins the processes with the database.
 */
export class Networks extends pulumi.ComponentResource {
  public readonly front: docker.Network;
  public readonly app: docker.Network;
  public readonly data: docker.Network;

  public constructor(name: string, args: NetworksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:Networks", name, {}, opts);
    // A port is published only where the task has a network that is not internal.
    this.front = this.#network("front", false, args);
    this.app = this.#network("app", !args.outside, args);
    this.data = this.#network("data", !args.outside, args);
    this.registerOutputs();
  }

  #network(role: string, internal: boolean, { environmentName, engine }: NetworksArgs): docker.Network {
    const name = `${environmentName}-${role}`;
    return new docker.Network(
      name,
      { name, driver: "overlay", attachable: true, internal, labels: environmentLabels(environmentName) },
      {
        parent: this,
        deleteBeforeReplace: true,
        hooks: { beforeCreate: [leftoverHook(engine, "network", name, environmentName)] },
      },
    );
  }
}
