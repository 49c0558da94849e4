import type { Properties, ProviderDefinition } from "../framework/provider.ts";
import { connect, type DockerConfig } from "./client.ts";
import { container } from "./container/container.ts";
import { image } from "./image/image.ts";
import { network } from "./network.ts";
import { loadCredentials } from "./registry-auth.ts";
import { remoteImage } from "./remote-image.ts";
import { service } from "./service/service.ts";
import { block, flag, list, text, unsupported } from "./specs.ts";
import { secret, serviceConfig } from "./swarm-data.ts";
import { tag } from "./tag.ts";
import { volume } from "./volume.ts";

/** Stands in for the official docker plugin where it cannot be had. */
export const dockerProvider: ProviderDefinition<DockerConfig> = {
  name: "docker",
  version: "5.2.0",
  configProperties: {
    host: text(),
    registryAuth: list(
      block({
        address: text({ required: true }),
        authDisabled: flag(),
        configFile: text(),
        configFileContent: text(),
        password: text({ secret: true }),
        username: text(),
      }),
    ),
    caMaterial: unsupported,
    certMaterial: unsupported,
    certPath: unsupported,
    context: unsupported,
    disableDockerDaemonCheck: flag(),
    keyMaterial: unsupported,
    sshOpts: unsupported,
  },
  configure(config) {
    const { host, registryAuth } = config;
    return {
      docker: connect(typeof host === "string" && host !== "" ? host : undefined),
      credentials: loadCredentials(Array.isArray(registryAuth) ? (registryAuth as Properties[]) : []),
    };
  },
  resources: [container, image, network, remoteImage, secret, service, serviceConfig, tag, volume],
};
