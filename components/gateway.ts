import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Dockerode from "dockerode";
import { Certificate, type CertificateArgs } from "./certificate.ts";
import { environmentLabels, secretFile } from "./engine-objects.ts";
import { GATEWAY_PORT, gatewayConfig, HEALTH_PORT } from "./gateway-config.ts";
import { SwarmService } from "./swarm-service.ts";

/** Arguments of the gateway. */
export interface GatewayArgs {
  readonly environmentName: string;
  readonly image: pulumi.Input<string>;
  /** Full hostnames; `*.name` for a wildcard. */
  readonly hostnames: readonly string[];
  readonly certificate: CertificateArgs["certificate"];
  readonly port: number;
  readonly publish: "host" | "ingress";
  readonly maxBodyMiB: number;
  /** Networks, by id: the one whose port is published, and the one of the services behind it. */
  readonly frontNetwork: pulumi.Input<string>;
  readonly appNetwork: pulumi.Input<string>;
  readonly memoryMiB: number;
  readonly engine: Dockerode;
}

const CONFIG_FILE = "/etc/nginx/gateway.conf";

/**
 * The TLS gateway, the only published port of the environment. A release does not change it: only another certificate,
 * other hostnames or limits do.
 */
export class Gateway extends pulumi.ComponentResource {
  public readonly service: SwarmService;
  /** Certificate of the authority to verify with (PEM); empty where a public one has issued. */
  public readonly authority: pulumi.Output<string>;

  public constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:Gateway", name, {}, opts);
    const child = { parent: this };
    const certificate = new Certificate(
      `${name}-tls`,
      { environmentName: args.environmentName, hostnames: args.hostnames, certificate: args.certificate },
      child,
    );
    this.authority = certificate.authority;
    const configuration = new docker.ServiceConfig(
      `${name}-nginx`,
      { data: Buffer.from(gatewayConfig(args)).toString("base64"), labels: environmentLabels(args.environmentName) },
      child,
    );
    const host = args.publish === "host";
    this.service = new SwarmService(
      `${name}-gateway`,
      {
        serviceName: `${args.environmentName}-gateway`,
        environmentName: args.environmentName,
        image: args.image,
        command: ["setpriv", "--no-new-privs", "nginx", "-e", "stderr", "-c", CONFIG_FILE, "-g", "daemon off;"],
        secrets: [
          secretFile(`${name}-tls-chain`, args.environmentName, "tls.crt", certificate.chain, child),
          secretFile(`${name}-tls-key`, args.environmentName, "tls.key", certificate.key, child),
        ],
        configs: [{ path: CONFIG_FILE, id: configuration.id, name: configuration.name }],
        networks: [
          { id: args.frontNetwork, alias: "gateway" },
          { id: args.appNetwork, alias: "gateway" },
        ],
        healthCommand: [
          "curl",
          "--fail",
          "--silent",
          "--output",
          "/dev/null",
          `http://127.0.0.1:${HEALTH_PORT}/healthz`,
        ],
        startSeconds: 30,
        stopSeconds: 15,
        replicas: 1,
        memoryMiB: args.memoryMiB,
        cpus: 1,
        // Two tasks cannot own one port of the host.
        updateOrder: host ? "stop-first" : "start-first",
        port: { target: GATEWAY_PORT, published: args.port, mode: args.publish },
        engine: args.engine,
      },
      child,
    );
    this.registerOutputs();
  }
}
