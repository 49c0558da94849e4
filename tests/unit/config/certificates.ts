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

/** Signed by themselves; their keys are gone. Made with openssl, valid for 54 years. */
export const ODD_CERTIFICATES = {
  "on a curve that browsers do not take": `-----BEGIN CERTIFICATE-----
MIICHzCCAYGgAwIBAgIUQaliR7UF/7aHBLbIfqy6xvH9pHIwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc3Ryb25nLnRlc3QwIBcNMjYxMTI4MDAyMTUxWhgPMjA4MTA4
MzEwMDIxNTFaMBYxFDASBgNVBAMMC3N0cm9uZy50ZXN0MIGbMBAGByqGSM49AgEG
BSuBBAAjA4GGAAQB0QiG+Cr7rbSWLpRZ+WFPAyQXqUAhICfUpS/VJiYiynB5XqNP
DPA1gb7wZ6un2jkY3nD9k9UCuNSuHNqazbBTH6EAptC2ZpE8vztYMGrLE/ywICl7
milLBpkNEfh5qfqaUlPS2tpZggo8+pJSBH2q854se3FehujJV3RXP37vDwqkmZ6j
aDBmMB0GA1UdDgQWBBQbh0epS077Kbk6wFxgIaVBjjdl5zAfBgNVHSMEGDAWgBQb
h0epS077Kbk6wFxgIaVBjjdl5zAPBgNVHRMBAf8EBTADAQH/MBMGA1UdJQQMMAoG
CCsGAQUFBwMBMAoGCCqGSM49BAMCA4GLADCBhwJCALujUXKDxoU8UpNLXzPZkPNp
zWAZ66AoUDgOdbRyVI+hkSqgzQdJ10zKdqWF1ITBsDMkB1Tmo2rLYcG43c9ZHdqc
AkFhvz3jLARBW1DzdwqF/jKI8TyUqvvoxuUp8jX0tZe0v+u/WXXuUkxD+Z56aK21
O4kC8rYqaPPZBNSRkerNhRYFHw==
-----END CERTIFICATE-----
`,
  "for clients": `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUL0b54JfRLIgY4J6G6qO3Szq6VkwwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLY2xpZW50LnRlc3QwIBcNMjYxMTI4MDAyMTUxWhgPMjA4MTA4
MzEwMDIxNTFaMBYxFDASBgNVBAMMC2NsaWVudC50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEeo8JF5AuZama5XBPHcJknIqj7oIE32kZ/oQeFdXD9M2RBRcD
T3C9kGCianF0strOieQGWeAIXIlPccIScMiBNaNoMGYwHQYDVR0OBBYEFGpyH9E0
PSJPtq4eY8ZtBdWEVYLWMB8GA1UdIwQYMBaAFGpyH9E0PSJPtq4eY8ZtBdWEVYLW
MA8GA1UdEwEB/wQFMAMBAf8wEwYDVR0lBAwwCgYIKwYBBQUHAwIwCgYIKoZIzj0E
AwIDSAAwRQIgBHake3g3zZieYLDvCqkojtNfwRnD3ff55qGIOdQveLcCIQC6Ki2H
mR61x+WtIVb0ahFwC35b3CFS3oNd5HrOgjqcYg==
-----END CERTIFICATE-----
`,
};
