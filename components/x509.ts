import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import {
  bitString,
  elementsOf,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  TRUE,
  time,
  utf8String,
} from "./der.ts";

// The certificate libraries take a quarter of a second of each preview to load, for one that is made once. The keys and
// signatures are Node's own; what is written here is the form of RFC 5280.

/** What a certificate says. */
export interface CertificateContent {
  /** Whose it is: `distinguishedName`. */
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly issuer: Buffer;
  /** The issuer's key pair, on the curve P-256. */
  readonly issuerKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Buffer[];
}

const VERSION_3 = Buffer.of(2);
const ECDSA_WITH_SHA256 = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
const SERIAL_BYTES = 16;

/** Signs a certificate. */
export function signCertificate(content: CertificateContent): X509Certificate {
  const signed = sequence(
    explicit(0, integer(VERSION_3)),
    integer(randomBytes(SERIAL_BYTES)),
    ECDSA_WITH_SHA256,
    content.issuer,
    sequence(time(content.notBefore), time(content.notAfter)),
    content.subject,
    publicKeyInfo(content.publicKey),
    explicit(3, sequence(...content.extensions)),
  );
  const signature = sign("sha256", signed, content.issuerKey);
  return new X509Certificate(sequence(signed, ECDSA_WITH_SHA256, bitString(signature)));
}

/** The name `CN=commonName`. */
export function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(objectIdentifier("2.5.4.3"), utf8String(commonName))));
}

/** The name of whom a certificate is for, byte by byte: strict clients compare it so with the issuer's of the next. */
export function subjectOf(certificate: X509Certificate): Buffer {
  const signed = elementsOf(certificate.raw)[0]?.content ?? Buffer.of();
  // Version, serial number, algorithm, issuer, validity, subject.
  const subject = elementsOf(elementsOf(signed)[0]?.content ?? Buffer.of())[5];
  if (subject === undefined) throw new Error("a certificate must have a version, as those of version 3 do; found none");
  return subject.whole;
}

/** Of an authority that issues through so many others, or of what is no authority. */
export function basicConstraints(authority: { readonly pathLength: number } | undefined): Buffer {
  const content = authority === undefined ? [] : [TRUE, integer(Buffer.of(authority.pathLength))];
  return extension("2.5.29.19", sequence(...content), true);
}

/** What the key may sign: messages of a server, or certificates and lists of revoked ones. */
export function keyUsage(use: "digitalSignature" | "certificates"): Buffer {
  const bits = use === "digitalSignature" ? bitString(Buffer.of(0x80), 7) : bitString(Buffer.of(0x06), 1);
  return extension("2.5.29.15", bits, true);
}

/** For servers' TLS alone. */
export function serverAuthentication(): Buffer {
  return extension("2.5.29.37", sequence(objectIdentifier("1.3.6.1.5.5.7.3.1")));
}

export function subjectAlternativeNames(hostnames: readonly string[]): Buffer {
  return extension("2.5.29.17", sequence(...hostnames.map((name) => implicit(2, Buffer.from(name, "ascii")))));
}

export function subjectKeyIdentifier(key: KeyObject): Buffer {
  return extension("2.5.29.14", octetString(keyIdentifier(key)));
}

export function authorityKeyIdentifier(key: KeyObject): Buffer {
  return extension("2.5.29.35", sequence(implicit(0, keyIdentifier(key))));
}

function extension(identifier: string, content: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(identifier), ...(critical ? [TRUE] : []), octetString(content));
}

/** The SHA-1 of the key's bits, as RFC 5280 (4.2.1.2) proposes. */
function keyIdentifier(key: KeyObject): Buffer {
  const bits = elementsOf(elementsOf(publicKeyInfo(key))[0]?.content ?? Buffer.of())[1]?.content ?? Buffer.of();
  // Without the count of unused bits.
  return createHash("sha1").update(bits.subarray(1)).digest();
}

function publicKeyInfo(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}
