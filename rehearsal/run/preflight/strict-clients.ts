import { X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { inspectHostname } from "../../checks/gateway-tls.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { DemandedCertificate, GivenCertificate } from "./production.ts";

const DAY = 86_400_000;
/** Longer than that Apple's clients take none, whoever has issued it (Apple, HT210176: for all issued since July 2019). */
const LONGEST_DAYS = 825;
const LOOPBACK = "127.0.0.1";

/**
 * What strict clients say of a certificate that production does not serve yet: it is served to one here, on a loopback
 * address, under every hostname. What a client makes of a whole chain (purposes, names that an authority may issue for, how
 * long a path may be, how it is signed) no look at single fields tells.
 */
export async function strictClientFindings(
  stack: string,
  { hostnames, given, days }: DemandedCertificate,
): Promise<Finding[]> {
  if (given === undefined) return [];
  const refused = [...new Set([...(await refusals(given, hostnames, days)), ...ofSomeClients(given)])];
  return refused.map((cause) => ({
    id: "preflight.certificate-refused",
    severity: "blocking",
    subject: `${stack}, the given certificate (${given.subject})`,
    cause,
    consequence: "These clients refuse to connect once it is served, and others that are less strict do not show it.",
    remedy:
      "Have another one issued, and set it with: pulumi config set --path --secret 'rehearsal:tls.certificate.chain'",
  }));
}

async function refusals(
  { chain, key, authority }: GivenCertificate,
  hostnames: readonly string[],
  certificateDays: number,
): Promise<string[]> {
  let server: Server;
  try {
    server = createServer({ cert: chain, key });
  } catch (error) {
    return [`no server takes the chain and the key: ${error instanceof Error ? error.message : String(error)}`];
  }
  // A client that refuses ends the connection, which is no error of ours.
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, LOOPBACK, resolve);
  });
  try {
    const { port } = server.address() as AddressInfo;
    const target = { gateway: { address: LOOPBACK, port }, authority, checks: { certificateDays } };
    const found = await Promise.all(hostnames.map((name) => inspectHostname(target, name)));
    return found
      .flat()
      .filter(({ warning }) => warning !== true)
      .map(({ expected, seen }) => `expected ${expected}; seen ${seen}`);
  } finally {
    server.close();
  }
}

/** Extension of RFC 7633 (1.3.6.1.5.5.7.1.24), as it stands in a certificate. */
const MUST_STAPLE = Buffer.from("06082b06010505070118", "hex");

/** What some clients alone are strict about, and the one here is not. */
function ofSomeClients({ chain }: GivenCertificate): string[] {
  const certificate = new X509Certificate(chain);
  const days = Math.round((Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / DAY);
  return [
    ...(certificate.raw.includes(MUST_STAPLE)
      ? [
          "it demands that the server staples an answer of OCSP (must-staple, RFC 7633), and the gateway staples none: Firefox refuses it",
        ]
      : []),
    ...(days > LONGEST_DAYS
      ? [
          `it is valid for ${counted(days, "day")} from its first to its last: Apple's clients take ${LONGEST_DAYS} at most`,
        ]
      : []),
  ];
}
