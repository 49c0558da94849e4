import Docker from "dockerode";

/**
 * A client of the engine at `host`: `unix:///path`, `tcp://host:port` (TLS by DOCKER_CERT_PATH, as Docker's own client)
 * or `ssh://user@host` (with the keys of the running agent).
 */
export function dockerClient(host: string): Docker {
  const url = new URL(host);
  if (url.protocol === "unix:") return new Docker({ socketPath: url.pathname });
  if (url.protocol === "ssh:") {
    return new Docker({
      protocol: "ssh",
      host: url.hostname,
      port: Number(url.port || "22"),
      username: url.username || "root",
      sshOptions: process.env["SSH_AUTH_SOCK"] === undefined ? {} : { agent: process.env["SSH_AUTH_SOCK"] },
    });
  }
  // With only DOCKER_HOST's parts given, dockerode reads the certificates from the environment by itself.
  return new Docker({ host: url.hostname, port: Number(url.port || "2375") });
}

/** Whether the engine at `host` is one of this machine: its ports, files and routes can be seen from here. */
export function isLocal(host: string): boolean {
  return host.startsWith("unix:");
}

/** Whether an error of the engine says that the object does not exist. */
export function isNotFound(error: unknown): boolean {
  return statusCode(error) === 404;
}

/** The HTTP status of an error that the engine answered with. */
export function statusCode(error: unknown): number | undefined {
  return typeof error === "object" && error !== null && "statusCode" in error ? Number(error.statusCode) : undefined;
}
