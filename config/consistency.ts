import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { getCACertificates } from "node:tls";
import type { SettingFault } from "./load-settings.ts";
import type { Settings } from "./settings.ts";

/** Days that a given certificate must have left: time enough to notice and to renew it. */
const MINIMUM_DAYS = 14;
const DAY = 86_400_000;

/**
 * Faults that only several settings together, or the files that they name, show.
 *
 * @param now time in milliseconds since the epoch
 */
export function consistencyFaults(settings: Settings, now = Date.now()): SettingFault[] {
  return [
    ...sourceFaults(settings),
    ...portFaults(settings),
    ...networkFaults(settings),
    ...snapshotFaults(settings),
    ...testsFaults(settings),
    ...certificateFaults(settings, now),
  ];
}

/** Full hostnames from names relative to a domain: `@` is the domain itself. */
export function fullHostnames(domain: string, names: readonly string[]): string[] {
  return names.map((name) => (name === "@" ? domain : `${name}.${domain}`));
}

function sourceFaults({ app, images }: Settings): SettingFault[] {
  if (images.release !== "build" || existsSync(path.join(app.source, "Dockerfile"))) return [];
  if (existsSync(path.join(app.source, "manage.py"))) return requirementsFaults(app.source);
  return [
    {
      path: "rehearsal:app.source",
      rule: "a folder that holds manage.py, or a Dockerfile of the project's own",
      found: `${JSON.stringify(app.source)}${existsSync(app.source) ? " with neither" : ", which does not exist"}`,
      remedy: "Give the folder relative to Pulumi.yaml.",
    },
  ];
}

/** The build refuses the same, minutes later and in the middle of its own output. */
function requirementsFaults(source: string): SettingFault[] {
  const file = path.join(source, "requirements.txt");
  const loose = existsSync(file) ? looseRequirements(readFileSync(file, "utf8")) : undefined;
  if (loose?.length === 0) return [];
  return [
    {
      path: "rehearsal:app.source",
      rule: "a folder whose requirements.txt pins every requirement to one version with its hashes",
      found: loose === undefined ? `no file ${file}` : `${loose.slice(0, 5).join(", ")} in ${file}`,
      remedy: "Write it with uv export --format requirements-txt or pip-compile --generate-hashes.",
    },
  ];
}

function looseRequirements(text: string): string[] {
  const lines = text
    .replaceAll(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.trim());
  return lines.filter((line) => /^[^#-]/.test(line) && !line.includes("--hash="));
}

function portFaults({ gateway, database }: Settings): SettingFault[] {
  if (database.server !== "container" || gateway.port !== database.adminPort) return [];
  return [
    {
      path: "rehearsal:database.adminPort",
      rule: "another port than rehearsal:gateway.port",
      found: String(database.adminPort),
      remedy: "Choose another one, or leave both out: they follow from the stack's name.",
    },
  ];
}

function networkFaults({ network, database }: Settings): SettingFault[] {
  if (database.server === "container" || network.outside) return [];
  return [
    {
      path: "rehearsal:network.outside",
      rule: "true where rehearsal:database.server is an external server: sealed networks do not reach it",
      found: "false",
      remedy:
        "Run the database as a container, or set it with: pulumi config set --path 'rehearsal:network.outside' true",
    },
  ];
}

/** A database from a snapshot goes with its container: it cannot keep data, nor be on a server that others run. */
function snapshotFaults({ database }: Settings): SettingFault[] {
  const reason = database.protect
    ? "rehearsal:database.protect is true: what starts from a snapshot is not kept"
    : "rehearsal:database.server is an external server: a snapshot is a container's image";
  if (database.snapshot === "none" || (!database.protect && database.server === "container")) return [];
  return [
    {
      path: "rehearsal:database.snapshot",
      rule: `none where ${reason}`,
      found: JSON.stringify(database.snapshot),
      remedy: "Set it with: pulumi config set --path 'rehearsal:database.snapshot' none",
    },
  ];
}

/** What a rehearsal would say only after the deployment. */
function testsFaults({ tests: { suites, dockerfile }, database }: Settings): SettingFault[] {
  const ids = suites.map(({ id }) => id);
  const twice = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
  const faults: SettingFault[] = twice.map((id) => ({
    path: "rehearsal:tests.suites",
    rule: "a list of suites with an id of its own for each",
    found: `${JSON.stringify(id)} more than once`,
    remedy: "Rename one of them.",
  }));
  // No test runs where data is protected; the release may be all that there is of the project.
  if (dockerfile === "none" || database.protect || existsSync(dockerfile)) return faults;
  return [
    ...faults,
    {
      path: "rehearsal:tests.dockerfile",
      rule: "an existing Dockerfile, relative to Pulumi.yaml, or none",
      found: `${JSON.stringify(dockerfile)}, which does not exist`,
      remedy: "Mend the path, or set it with: pulumi config set --path 'rehearsal:tests.dockerfile' none",
    },
  ];
}

function certificateFaults({ tls, gateway }: Settings, now: number): SettingFault[] {
  if (tls.certificate === "generated") return [];
  const { chain, key, authority } = tls.certificate;
  const fault: Fault = (name, rule, found) => ({
    path: `rehearsal:tls.certificate.${name}`,
    rule,
    found,
    remedy: `Set it with: pulumi config set --path --secret 'rehearsal:tls.certificate.${name}' < FILE.pem`,
  });
  const certificates = parseCertificates(chain);
  const authorities = authority === undefined ? [] : parseCertificates(authority);
  if (typeof certificates === "string") return [fault("chain", "a chain of certificates in PEM form", certificates)];
  if (typeof authorities === "string") return [fault("authority", "a certificate in PEM form", authorities)];
  const [server] = certificates;
  if (server === undefined) return [];
  return [
    ...lineFaults(chain, fault),
    ...keyFaults(server, key, fault),
    ...validityFaults(certificates, now, fault),
    ...orderFaults([...certificates, ...authorities.slice(0, 1)], fault),
    ...(authorities.length > 0 ? [] : rootFaults(certificates, fault)),
    ...hostnameFaults(server, fullHostnames(gateway.domain, gateway.hostnames), fault),
    ...usageFaults(server, fault),
    ...certificates.flatMap((certificate) => strengthFaults(certificate, fault)),
  ];
}

type Fault = (name: "chain" | "key" | "authority", rule: string, found: string) => SettingFault;

/** Node takes them so, and nginx does not start. */
function lineFaults(chain: string, fault: Fault): SettingFault[] {
  if (!/-----END CERTIFICATE-----[^\r\n]*-----BEGIN/.test(chain)) return [];
  return [
    fault(
      "chain",
      "certificates that each begin on a line of its own",
      "one that begins on the line on which another ends",
    ),
  ];
}

function keyFaults(server: X509Certificate, key: string, fault: Fault): SettingFault[] {
  try {
    if (server.checkPrivateKey(createPrivateKey(key))) return [];
    return [fault("key", "the key of the first certificate of the chain", "the key of another certificate")];
  } catch (error) {
    return [fault("key", "a private key in PEM form without a passphrase", message(error))];
  }
}

function validityFaults(certificates: readonly X509Certificate[], now: number, fault: Fault): SettingFault[] {
  return certificates.flatMap((certificate) => {
    const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
    if (from <= now && to >= now + MINIMUM_DAYS * DAY) return [];
    const found = `${oneLine(certificate.subject)} valid from ${certificate.validFrom} to ${certificate.validTo}`;
    return [fault("chain", `valid now and for ${MINIMUM_DAYS} days more`, found)];
  });
}

/** By name and by signature: authorities of one name with other keys are not rare. */
function hasIssued(issuer: X509Certificate, issued: X509Certificate): boolean {
  return issued.checkIssued(issuer) && issued.verify(issuer.publicKey);
}

/** Browsers that have met the missing certificate elsewhere hide that it is missing; programs and phones do not. */
function rootFaults(certificates: readonly X509Certificate[], fault: Fault): SettingFault[] {
  const last = certificates.at(-1);
  if (last === undefined || getCACertificates("default").some((root) => hasIssued(new X509Certificate(root), last)))
    return [];
  const rule =
    "whole up to an authority that clients know (the certificates between included), or with tls.certificate.authority where it is your own";
  return [fault("chain", rule, `${oneLine(last.subject)} at its end, issued by ${oneLine(last.issuer)}`)];
}

function orderFaults(certificates: readonly X509Certificate[], fault: Fault): SettingFault[] {
  return certificates.slice(1).flatMap((issuer, index) => {
    const issued = certificates[index];
    if (issued === undefined || hasIssued(issuer, issued)) return [];
    const found = `${oneLine(issued.subject)} before ${oneLine(issuer.subject)}, which did not issue it`;
    return [fault("chain", "in order: the server's certificate first, each issued by the next", found)];
  });
}

function hostnameFaults(server: X509Certificate, hostnames: readonly string[], fault: Fault): SettingFault[] {
  const uncovered = hostnames.filter((name) => server.checkHost(name.replace(/^\*\./, "any.")) === undefined);
  if (uncovered.length === 0) return [];
  const found = `a certificate for ${server.subjectAltName ?? "no name"} that lacks ${uncovered.join(", ")}`;
  return [fault("chain", "a certificate that covers every hostname of gateway.hostnames", found)];
}

/** Of RFC 5280, 4.2.1.12: for servers, and for any purpose. */
const FOR_SERVERS = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];

/** Where a certificate names purposes at all, clients insist on theirs. */
function usageFaults(server: X509Certificate, fault: Fault): SettingFault[] {
  // Undefined where it names none, whatever the types of Node say.
  const usages = server.keyUsage as string[] | undefined;
  if (usages === undefined || usages.some((usage) => FOR_SERVERS.includes(usage))) return [];
  return [fault("chain", "a certificate for servers (extended key usage serverAuth)", `one for ${usages.join(", ")}`)];
}

/** Of the curves, browsers take these two alone (CA/Browser Forum, Baseline Requirements 6.1.5; BoringSSL offers no P-521). */
const CURVES = ["prime256v1", "secp384r1"];
const LEAST_RSA_BITS = 2048;

function strengthFaults({ publicKey, subject }: X509Certificate, fault: Fault): SettingFault[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  const taken =
    (type === "rsa" && (details?.modulusLength ?? 0) >= LEAST_RSA_BITS) ||
    (type === "ec" && CURVES.includes(details?.namedCurve ?? ""));
  if (taken) return [];
  const kind = details?.namedCurve ?? (details?.modulusLength === undefined ? "" : `${details.modulusLength} bits`);
  const found = `${oneLine(subject)} with a key of ${type ?? "no kind"} ${kind}`.trimEnd();
  return [fault("chain", "keys that browsers take: RSA of 2048 bits or more, or a curve P-256 or P-384", found)];
}

/** The certificates of a PEM text, or what is wrong with it. */
export function parseCertificates(text: string): X509Certificate[] | string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return "none";
  try {
    return blocks.map((pem) => new X509Certificate(pem));
  } catch (error) {
    return message(error);
  }
}

function oneLine(subject: string): string {
  return subject.replaceAll("\n", ", ");
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
