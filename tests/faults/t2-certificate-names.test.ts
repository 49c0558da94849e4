import { expect } from "vitest";
import { issueCertificate } from "../../components/certificate-authority.ts";
import { pemCertificates } from "../unit/config/certificates.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "T2",
  class: "certificates",
  title: "a wildcard's certificate is served for a name two labels below",
  covers:
    "certificates that a strict client refuses for one of the hostnames: names that are not covered, chains that are not complete",
});

/** Serves a certificate of the environment's own authority for other names. */
async function serve(place: Staged, hostnames: readonly string[], change = (chain: string) => chain): Promise<void> {
  const { chain, key } = issueCertificate(place.authority, hostnames);
  await place.replaceSecrets("gateway", { "tls.crt": change(chain), "tls.key": key });
}

testFaults([
  {
    title: "*.x for a.b.x",
    byHand: (place) => serve(place, [place.hostname(), place.hostname("*")]),
    breaks: async (twin) => {
      expect(await twin.get("/", { host: twin.hostname("any.tenants") })).toMatchObject({
        status: 0,
        body: expect.stringContaining("does not match certificate's altnames") as string,
      });
      expect((await twin.get("/", { host: twin.hostname("www") })).status).toBe(200);
    },
    caught: { id: "gateway.tls", words: /expected any\.tenants\.\S+: a certificate that verifies; seen .*altnames/ },
  },
  {
    title: "one of several names is forgotten",
    byHand: (place) => serve(place, [place.hostname(), place.hostname("www"), place.hostname("*.tenants")]),
    breaks: async (twin) => {
      expect(await twin.get("/", { host: twin.hostname("api") })).toMatchObject({
        status: 0,
        body: expect.stringContaining("does not match certificate's altnames") as string,
      });
    },
    caught: { id: "gateway.tls", words: /expected api\.\S+: a certificate that verifies; seen .*altnames/ },
  },
  {
    title: "the chain lacks the intermediate certificate",
    byHand: (place) =>
      serve(
        place,
        [place.hostname(), place.hostname("www"), place.hostname("api"), place.hostname("*.tenants")],
        (chain) => pemCertificates(chain)[0] ?? "",
      ),
    breaks: async (twin) => {
      expect(await twin.get("/")).toMatchObject({
        status: 0,
        body: expect.stringMatching(
          /unable to (verify the first certificate|get (local )?issuer certificate)/,
        ) as string,
      });
    },
    caught: { id: "gateway.tls", words: /a certificate that verifies; seen unable to (verify|get)/ },
  },
]);
