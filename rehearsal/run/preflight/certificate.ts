import { concreteHostname } from "../../checks/gateway-client.ts";
import { inspectHostname, servedCertificate } from "../../checks/gateway-tls.ts";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { DemandedCertificate } from "./production.ts";

const DAY = 86_400_000;

/** A given certificate that goes on for less than it should; with too few days left the settings are refused. */
export function givenFindings(stack: string, { given, days }: DemandedCertificate, now = Date.now()): Finding[] {
  const left = Math.floor(((given?.endsAt ?? Number.POSITIVE_INFINITY) - now) / DAY);
  if (given === undefined || left >= days) return [];
  return [
    {
      id: "preflight.certificate",
      severity: "warning",
      subject: `${stack}, the given certificate (${given.subject})`,
      cause: `it, or one that issued it, has ${counted(left, "day")} left; ${days} are wanted (checks.certificateDays)`,
      consequence: "When it ends, browsers and API clients refuse to connect, all at once.",
      remedy: "Renew it now, and set it with: pulumi config set --path --secret 'rehearsal:tls.certificate.chain'",
    },
  ];
}

/**
 * What is wrong with the certificate that production's gateway serves. One that the deployment replaces by another given
 * one is left out, and so are hostnames that a generated one is made anew for.
 *
 * @param authority to verify with (PEM); empty where a public one has issued
 */
export async function servedFindings(
  stack: string,
  { hostnames, gateway, days, given }: DemandedCertificate,
  authority: string,
): Promise<Finding[]> {
  const target = { gateway, authority, checks: { certificateDays: days } };
  const [first = ""] = hostnames;
  let served: string;
  try {
    served = (await servedCertificate(target, concreteHostname(first), false)).fingerprint256;
  } catch (error) {
    return [
      {
        id: "preflight.gateway-unreachable",
        severity: "warning",
        subject: `${stack}, the gateway at ${gateway.address}:${gateway.port}`,
        cause: `no TLS connection: ${error instanceof Error ? error.message : String(error)}`,
        consequence:
          "The certificate that it serves is not known; where users cannot connect either, production is down.",
        remedy: "See to it that production serves, or set gateway.address to where it is reached from here.",
      },
    ];
  }
  if (given !== undefined && given.fingerprint !== served) return [replacedNote(stack, given.subject)];
  const found = await Promise.all(
    hostnames.map(async (hostname) => ({ hostname, findings: await inspectHostname(target, hostname) })),
  );
  return found.flatMap(({ hostname, findings }) =>
    findings
      .filter(({ seen }) => given !== undefined || !isOfOtherNames(seen))
      .map(
        ({ expected, seen, warning }): Finding => ({
          id: "preflight.certificate",
          severity: warning === true ? "warning" : "blocking",
          subject: `${stack}, the certificate served for ${hostname}`,
          cause: `expected ${expected}; seen ${seen}`,
          consequence: "Browsers and API clients refuse to connect.",
          remedy: "Mend gateway.hostnames or the certificate in tls.certificate, and deploy it before the release.",
        }),
      ),
  );
}

/** Whether an error of TLS says that the certificate lacks the name. */
function isOfOtherNames(error: string): boolean {
  return /altnames|Hostname\/IP/i.test(error);
}

function replacedNote(stack: string, subject: string): Finding {
  return {
    id: "preflight.certificate-replaced",
    severity: "note",
    subject: `${stack}, the certificate`,
    cause: `the gateway serves another one than the one that is given (${subject})`,
    consequence: "The next deployment replaces it, and with gateway.publish: host that is a gap of some seconds.",
    remedy: "Nothing, where it is meant.",
  };
}
