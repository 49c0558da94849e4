import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import {
  authorityKeyIdentifier,
  basicConstraints,
  distinguishedName,
  keyUsage,
  serverAuthentication,
  signCertificate,
  subjectAlternativeNames,
  subjectKeyIdentifier,
  subjectOf,
} from "./x509.ts";

/** A certificate of an environment with all that belongs to it, in PEM. */
export interface IssuedCertificate {
  /** The server's certificate first, then the intermediate one. */
  readonly chain: string;
  readonly key: string;
}

/** A certificate authority of an environment's own: a root, and the intermediate that issues. */
export interface Authority {
  readonly root: string;
  readonly intermediate: string;
  readonly intermediateKey: string;
}

const DAY = 86_400_000;
const AUTHORITY_DAYS = 3650;
/** The longest that browsers accept of a certificate whose authority was installed by hand. */
const SERVER_DAYS = 820;

/** Makes a certificate authority named after an environment. */
export function createAuthority(environment: string, now = new Date()): Authority {
  const [rootKeys, intermediateKeys] = [newKeys(), newKeys()];
  const validity = { notBefore: daysFrom(now, -1), notAfter: daysFrom(now, AUTHORITY_DAYS) };
  const rootName = distinguishedName(`${environment} root`);
  const issuedByRoot = { ...validity, issuer: rootName, issuerKey: rootKeys.privateKey };
  const root = signCertificate({
    ...issuedByRoot,
    subject: rootName,
    publicKey: rootKeys.publicKey,
    extensions: [
      basicConstraints({ pathLength: 1 }),
      keyUsage("certificates"),
      // Python 3.13 and later refuse an authority without it.
      subjectKeyIdentifier(rootKeys.publicKey),
    ],
  });
  const intermediate = signCertificate({
    ...issuedByRoot,
    subject: distinguishedName(`${environment} intermediate`),
    publicKey: intermediateKeys.publicKey,
    extensions: [
      basicConstraints({ pathLength: 0 }),
      keyUsage("certificates"),
      authorityKeyIdentifier(rootKeys.publicKey),
      subjectKeyIdentifier(intermediateKeys.publicKey),
    ],
  });
  return {
    root: root.toString(),
    intermediate: intermediate.toString(),
    intermediateKey: keyPem(intermediateKeys.privateKey),
  };
}

/** Issues a server certificate that covers the hostnames. */
export function issueCertificate(
  authority: Authority,
  hostnames: readonly string[],
  now = new Date(),
): IssuedCertificate {
  const keys = newKeys();
  const issuer = new X509Certificate(authority.intermediate);
  const certificate = signCertificate({
    subject: distinguishedName(hostnames[0] ?? ""),
    publicKey: keys.publicKey,
    issuer: subjectOf(issuer),
    issuerKey: createPrivateKey(authority.intermediateKey),
    notBefore: daysFrom(now, -1),
    notAfter: daysFrom(now, SERVER_DAYS),
    extensions: [
      basicConstraints(undefined),
      keyUsage("digitalSignature"),
      serverAuthentication(),
      subjectAlternativeNames(hostnames),
      authorityKeyIdentifier(issuer.publicKey),
    ],
  });
  return { chain: `${certificate.toString()}${authority.intermediate.trimEnd()}\n`, key: keyPem(keys.privateKey) };
}

function newKeys(): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function keyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

function daysFrom(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY);
}
