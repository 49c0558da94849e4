// The certificate library injects its parts by decorators.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

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
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

x509.cryptoProvider.set(webcrypto as Crypto);

/** Makes a certificate authority named after an environment. */
export async function createAuthority(environment: string, now = new Date()): Promise<Authority> {
  const [rootKeys, intermediateKeys] = [await newKeys(), await newKeys()];
  const validity = { notBefore: daysFrom(now, -1), notAfter: daysFrom(now, AUTHORITY_DAYS) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: `CN=${environment} root`,
    keys: rootKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...authorityExtensions(1),
      // Python 3.13 and later refuse an authority without it.
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const intermediate = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: `CN=${environment} intermediate`,
    issuer: root.subject,
    publicKey: intermediateKeys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...authorityExtensions(0),
      await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(intermediateKeys.publicKey),
    ],
  });
  return {
    root: root.toString("pem"),
    intermediate: intermediate.toString("pem"),
    intermediateKey: await keyPem(intermediateKeys.privateKey),
  };
}

/** Issues a server certificate that covers the hostnames. */
export async function issueCertificate(
  authority: Authority,
  hostnames: readonly string[],
  now = new Date(),
): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const issuer = new x509.X509Certificate(authority.intermediate);
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    x509.PemConverter.decodeFirst(authority.intermediateKey),
    ALGORITHM,
    false,
    ["sign"],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${hostnames[0] ?? ""}`,
    issuer: issuer.subject,
    notBefore: daysFrom(now, -1),
    notAfter: daysFrom(now, SERVER_DAYS),
    publicKey: keys.publicKey,
    signingKey: signingKey as CryptoKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(hostnames.map((value) => ({ type: "dns" as const, value }))),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return {
    chain: `${certificate.toString("pem")}\n${authority.intermediate}\n`,
    key: await keyPem(keys.privateKey),
  };
}

function authorityExtensions(pathLength: number): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
}

async function newKeys(): Promise<CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;
}

async function keyPem(key: CryptoKey): Promise<string> {
  const bytes = await webcrypto.subtle.exportKey("pkcs8", key);
  return x509.PemConverter.encode(bytes, "PRIVATE KEY");
}

function daysFrom(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY);
}
