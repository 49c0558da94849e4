import Docker from "dockerode";
import type { RegistryCredentials, RegistryLogin } from "./registry-auth.ts";

/** What every resource of this provider works with. */
export interface DockerConfig {
  readonly docker: Docker;
  readonly credentials: RegistryCredentials;
}

const DEFAULT_HOST = "unix:///var/run/docker.sock";

/**
 * A client for `host`: unix:///path, tcp://name:port, http://…, ssh://user@name[:port] (keys from the SSH agent).
 * Unset, DOCKER_HOST counts, and then the usual socket.
 */
export function connect(host: string | undefined): Docker {
  return new Docker(connectionOptions(host ?? process.env["DOCKER_HOST"] ?? DEFAULT_HOST));
}

/** The connection options of the client library for one address. */
export function connectionOptions(address: string): Docker.DockerOptions {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  switch (url?.protocol) {
    case "unix:":
      return { socketPath: decodeURIComponent(url.pathname) };
    case "tcp:":
    case "http:":
      return { protocol: "http", host: unbracketed(url.hostname), port: url.port === "" ? 2375 : Number(url.port) };
    case "ssh:": {
      const agent = process.env["SSH_AUTH_SOCK"];
      return {
        protocol: "ssh",
        host: unbracketed(url.hostname),
        port: url.port === "" ? 22 : Number(url.port),
        ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
        ...(agent === undefined ? {} : { sshOptions: { agent } }),
      };
    }
    default:
      throw new Error(
        `The provider's host must be an address such as unix:///var/run/docker.sock, tcp://host:2375 or ssh://user@host; found "${address}"`,
      );
  }
}

/**
 * Posts a JSON body. The client library's own methods repeat the body in the address, which does not fit there when it
 * is long and is no place for secrets.
 */
export function post(
  docker: Docker,
  path: string,
  body: object,
  options: { readonly query?: object; readonly login?: RegistryLogin | undefined } = {},
): Promise<unknown> {
  const { query = {}, login } = options;
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `${path}?`,
        method: "POST",
        options: { _query: query, _body: body },
        ...(login === undefined ? {} : { authconfig: { ...login } }),
        statusCodes: { 200: true, 201: true, 204: true },
      },
      (error, answer) => {
        if (error === null || (error as unknown) === undefined) resolve(answer);
        else reject(error);
      },
    );
  });
}

/** What the engine call answers; undefined when the engine has no such thing. */
export async function ifFound<T>(operation: () => Promise<T>): Promise<T | undefined> {
  try {
    return await operation();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isNotFound(error: unknown): boolean {
  return statusCode(error) === 404;
}

/** The HTTP status of a refusal by the engine; undefined for other errors. */
export function statusCode(error: unknown): number | undefined {
  const code: unknown = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof code === "number" ? code : undefined;
}

/** The engine's own words, without the client library's prefix "(HTTP code 409) conflict - ". */
export function engineMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const json: unknown = "json" in error ? error.json : undefined;
  if (typeof json === "object" && json !== null && "message" in json && typeof json.message === "string") {
    return json.message.trim();
  }
  return error.message.replace(/^\(HTTP code \d+\) [^-]*- /, "").trim();
}

/** Runs an engine call; its failure says what was attempted. */
export async function attempt<T>(what: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    const failure = new Error(`${what} failed: ${engineMessage(error)}`, { cause: error });
    const code = statusCode(error);
    throw code === undefined ? failure : Object.assign(failure, { statusCode: code });
  }
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}
