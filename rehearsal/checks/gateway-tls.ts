import { connect, type PeerCertificate } from "node:tls";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { concreteHostname } from "./gateway-client.ts";

const MINIMUM_DAYS = 14;
const DAY = 86_400_000;
const TIMEOUT_MILLISECONDS = 10_000;

/** A name that no certificate covers breaks only its own visitors, and an expired one breaks all at once. */
export const gatewayTls: Check = {
  id: "gateway.tls",
  title: "every hostname is served over TLS with a certificate that a strict client accepts",
  remedy: "Mend gateway.hostnames or the certificate in tls.certificate.",
  run: async (environment) =>
    (await Promise.all(environment.hostnames.map((name) => inspect(environment, name)))).flat(),
};

async function inspect(environment: DeployedEnvironment, pattern: string): Promise<Finding[]> {
  const hostname = concreteHostname(pattern);
  try {
    const certificate = await handshake(environment, hostname);
    const days = Math.floor((Date.parse(certificate.valid_to) - Date.now()) / DAY);
    if (days >= MINIMUM_DAYS) return [];
    return [
      { expected: `${hostname}: a certificate valid for ${MINIMUM_DAYS} days or more`, seen: `${days} days left` },
    ];
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return [{ expected: `${hostname}: a certificate that verifies`, seen }];
  }
}

async function handshake({ gateway, authority }: DeployedEnvironment, hostname: string): Promise<PeerCertificate> {
  return await new Promise((resolve, reject) => {
    const socket = connect({
      host: gateway.address,
      port: gateway.port,
      servername: hostname,
      ...(authority === "" ? {} : { ca: authority }),
    });
    socket.setTimeout(TIMEOUT_MILLISECONDS, () => socket.destroy(new Error("no handshake within 10 s")));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate());
      socket.end();
    });
  });
}
