import { type Agent, request } from "node:https";
import { concreteHostname } from "../../checks/gateway-client.ts";
import type { Site } from "../site.ts";

/** What became of a request. */
export interface Outcome {
  /** 0 where there was no complete answer. */
  readonly status: number;
  readonly error?: string;
}

/** After so long nobody waits any more. */
const TIMEOUT_MILLISECONDS = 30_000;

/**
 * Sends a request and reads its answer to the end.
 *
 * @param agent whose connections are used; one of its own without it
 */
export async function send(site: Site, path: string, agent?: Agent): Promise<Outcome> {
  const { gateway, authority, hostnames } = site;
  const { address, port } = gateway;
  const hostname = concreteHostname(hostnames[0] ?? "");
  return await new Promise((resolve) => {
    const outgoing = request(
      {
        host: address,
        port,
        servername: hostname,
        path,
        agent: agent ?? false,
        ...(authority === "" ? {} : { ca: authority }),
        headers: { Host: port === 443 ? hostname : `${hostname}:${port}`, "User-Agent": "rehearsal-load" },
      },
      (incoming) => {
        const lost = (error: Error) => {
          resolve({ status: 0, error: `the answer broke off: ${error.message}` });
        };
        incoming.on("error", lost);
        incoming.on("end", () => {
          if (incoming.complete) resolve({ status: incoming.statusCode ?? 0 });
          else lost(new Error("it is shorter than its length says"));
        });
        incoming.resume();
      },
    );
    const timer = setTimeout(() => {
      outgoing.destroy(new Error(`no answer within ${TIMEOUT_MILLISECONDS / 1000} s`));
    }, TIMEOUT_MILLISECONDS);
    outgoing.on("close", () => {
      clearTimeout(timer);
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      // The server may close a connection that rests at the moment it is used again; every client asks anew then.
      if (outgoing.reusedSocket && error.code === "ECONNRESET") void send(site, path).then(resolve);
      else resolve({ status: 0, error: error.message });
    });
    outgoing.end();
  });
}
