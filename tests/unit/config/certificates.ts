import {
  createAuthority,
  type IssuedCertificate,
  issueCertificate,
} from "../../../components/certificate-authority.ts";

/** A certificate that is right, with the root that verifies it. */
export interface Given extends IssuedCertificate {
  readonly authority: string;
}

/** A server's certificate with its chain for the hostnames, as an administrator would hand it over. */
export function givenCertificate(hostnames: readonly string[], now = new Date()): Given {
  const authority = createAuthority("test", now);
  return { ...issueCertificate(authority, hostnames, now), authority: authority.root };
}

/** The certificates of a PEM text, one by one. */
export function pemCertificates(text: string): string[] {
  return text.split(/(?<=-----END CERTIFICATE-----)\s*/).filter((pem) => pem !== "");
}
