import { connect, type DetailedPeerCertificate, type SecureVersion } from "node:tls";
import type { Check, CheckOptions, DeployedEnvironment, Finding } from "./check.ts";
import { concreteHostname } from "./gateway-client.ts";

/** A gateway whose certificates are looked at. */
export interface TlsGateway extends Pick<DeployedEnvironment, "gateway" | "authority"> {
  readonly checks: Pick<CheckOptions, "certificateDays">;
}

/** With fewer days left a certificate is as good as expired. */
const MINIMUM_DAYS = 3;
const DAY = 86_400_000;
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;
const TIMEOUT_MILLISECONDS = 10_000;

/** A name that no certificate covers breaks only its own visitors, and an expired one breaks all at once. */
export const gatewayTls: Check = {
  id: "gateway.tls",
  title: "every hostname is served over TLS with a certificate that a strict client accepts",
  cause: "A certificate that expires, lacks a name (a wildcard covers one label) or is sent without its intermediates.",
  consequence: "Browsers and API clients refuse to connect.",
  remedy: "Mend gateway.hostnames or the certificate in tls.certificate.",
  run: async (environment) => {
    const hostnames = environment.hostnames.map((name) => inspectHostname(environment, name));
    const found = (await Promise.all(hostnames)).flat();
    // A gateway that nobody reaches speaks no version.
    return found.length > 0 ? found : await versionFindings(environment);
  },
};

/** Both versions are spoken: browsers of today use the one, many clients of APIs know the other alone. */
async function versionFindings(environment: DeployedEnvironment): Promise<Finding[]> {
  const hostname = concreteHostname(environment.hostnames[0] ?? "");
  const findings = VERSIONS.map(async (version): Promise<Finding[]> => {
    try {
      await servedCertificate(environment, hostname, true, version);
      return [];
    } catch (error) {
      const seen = error instanceof Error ? error.message : String(error);
      return [{ expected: `${hostname}: a connection with ${version}`, seen }];
    }
  });
  return (await Promise.all(findings)).flat();
}

/** What is wrong with the certificate that a gateway serves under a hostname, or a pattern of some. */
export async function inspectHostname(environment: TlsGateway, pattern: string): Promise<Finding[]> {
  const hostname = concreteHostname(pattern);
  try {
    const certificate = await servedCertificate(environment, hostname);
    // Node falls back to the common name, and browsers do not: RFC 9525 has done away with it.
    if (!/\bDNS:/.test(certificate.subjectaltname ?? "")) {
      const expected = `${hostname}: a certificate with it as subject alternative name`;
      return [{ expected, seen: "its common name alone, which browsers do not look at" }];
    }
    const days = Math.floor((lastDay(certificate) - Date.now()) / DAY);
    const seen = `${days} days left`;
    if (days < MINIMUM_DAYS) {
      return [{ expected: `${hostname}: a certificate valid for ${MINIMUM_DAYS} days or more`, seen }];
    }
    const wanted = environment.checks.certificateDays;
    if (days >= wanted) return [];
    return [{ expected: `${hostname}: a certificate valid for ${wanted} days or more`, seen, warning: true }];
  } catch (error) {
    const seen = error instanceof Error ? error.message : String(error);
    return [{ expected: `${hostname}: a certificate that verifies`, seen }];
  }
}

/** When the first certificate of a chain ends: an intermediate ends all that it has issued. */
function lastDay(certificate: DetailedPeerCertificate): number {
  const ends: number[] = [];
  for (let link: DetailedPeerCertificate | undefined = certificate; link !== undefined; ) {
    ends.push(Date.parse(link.valid_to));
    const issuer: DetailedPeerCertificate | undefined = link.issuerCertificate;
    // The authority itself is its own issuer.
    link = issuer === link ? undefined : issuer;
  }
  return Math.min(...ends);
}

/**
 * The certificate that a gateway serves under a hostname, with those that issued it.
 *
 * @param strict whether it must verify, as it must for browsers
 * @param version of TLS that the client speaks, and no other; the usual ones without it
 * @throws Error with the reason where it does not, or where nothing answers
 */
export async function servedCertificate(
  { gateway, authority }: Pick<TlsGateway, "gateway" | "authority">,
  hostname: string,
  strict = true,
  version?: SecureVersion,
): Promise<DetailedPeerCertificate> {
  return await new Promise((resolve, reject) => {
    const socket = connect({
      host: gateway.address,
      port: gateway.port,
      servername: hostname,
      rejectUnauthorized: strict,
      ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
      ...(authority === "" ? {} : { ca: authority }),
    });
    socket.setTimeout(TIMEOUT_MILLISECONDS, () => socket.destroy(new Error("no handshake within 10 s")));
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      resolve(socket.getPeerCertificate(true));
      socket.end();
    });
  });
}
