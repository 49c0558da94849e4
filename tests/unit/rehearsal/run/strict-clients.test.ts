import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { objectIdentifier, octetString, sequence } from "../../../../components/der.ts";
import { distinguishedName, signCertificate, subjectAlternativeNames } from "../../../../components/x509.ts";
import type { GivenCertificate } from "../../../../rehearsal/run/preflight/production.ts";
import { strictClientFindings } from "../../../../rehearsal/run/preflight/strict-clients.ts";
import { givenCertificate } from "../../config/certificates.ts";

const DAY = 86_400_000;
const HOSTNAMES = ["shop.test", "*.shop.test"];

function given(certificate: Pick<GivenCertificate, "chain" | "key" | "authority">): GivenCertificate {
  const { fingerprint256, subject, validTo } = new X509Certificate(certificate.chain);
  return { ...certificate, fingerprint: fingerprint256, subject, endsAt: Date.parse(validTo) };
}

/** Its own authority, valid for so many days, with these extensions beside its names. */
function ownCertificate(days: number, extensions: readonly Buffer[] = []): GivenCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = distinguishedName("shop.test");
  const chain = signCertificate({
    ...{ subject: name, issuer: name, publicKey, issuerKey: privateKey },
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + (days - 1) * DAY),
    extensions: [subjectAlternativeNames(HOSTNAMES), ...extensions],
  }).toString();
  return given({ chain, key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(), authority: chain });
}

async function refused(certificate: GivenCertificate | undefined, hostnames: readonly string[] = HOSTNAMES) {
  const gateway = { address: "127.0.0.1", port: 1 };
  const findings = await strictClientFindings("live", { hostnames, gateway, days: 21, given: certificate });
  for (const finding of findings)
    expect(finding).toMatchObject({ id: "preflight.certificate-refused", severity: "blocking" });
  return findings.map(({ cause }) => cause);
}

describe("a certificate that production does not serve yet", () => {
  it("is taken by strict clients, or is not given at all", async () => {
    expect(await refused(given(givenCertificate(HOSTNAMES)))).toEqual([]);
    expect(await refused(undefined)).toEqual([]);
    expect(await refused(ownCertificate(90))).toEqual([]);
  });

  it("is refused for a hostname that it lacks, and by whom its authority is not known to", async () => {
    const right = given(givenCertificate(HOSTNAMES));
    expect(await refused(right, ["shop.test", "other.test"])).toEqual([
      expect.stringContaining("expected other.test: a certificate that verifies; seen"),
    ]);
    const strange = { ...right, authority: given(givenCertificate(HOSTNAMES)).authority };
    expect(await refused(strange, ["shop.test"])).toEqual([
      expect.stringMatching(/a certificate that verifies; seen .*(issuer|verify)/),
    ]);
  });

  it("is refused by some alone: for what it demands of the server, and for how long it is valid", async () => {
    const status = sequence(objectIdentifier("1.3.6.1.5.5.7.1.24"), octetString(Buffer.from("3003020105", "hex")));
    expect(await refused(ownCertificate(90, [status]))).toEqual([expect.stringContaining("must-staple")]);
    expect(await refused(ownCertificate(1825))).toEqual([expect.stringContaining("valid for 1,825 days")]);
  });
});
