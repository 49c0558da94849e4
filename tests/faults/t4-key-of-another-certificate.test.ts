import { expect, it } from "vitest";
import { issueCertificate } from "../../components/certificate-authority.ts";
import { pemCertificates } from "../unit/config/certificates.ts";
import { describeFault, recordFindings } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { place, testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "T4",
  class: "certificates",
  title: "the key does not belong to the certificate",
  covers:
    "certificates and keys that the gateway cannot start with: told when settings are read, and by its own words when it starts",
});

function issued(place: Staged) {
  return issueCertificate(place.authority, place.deployed().hostnames);
}

async function noAnswer(twin: Staged): Promise<void> {
  expect(twin.failures.join("\n")).toContain(`${twin.name}-gateway`);
  expect((await twin.get("/")).status).toBe(0);
}

testFaults([
  {
    title: "the key of another certificate",
    byHand: async (place) => {
      const [one, other] = [issued(place), issued(place)];
      await place.replaceSecrets("gateway", { "tls.crt": one.chain, "tls.key": other.key });
    },
    breaks: noAnswer,
    caught: { id: "rollout.failed", words: /key values mismatch/ },
  },
  {
    title: "the intermediate certificate before the server's",
    byHand: async (place) => {
      const { chain, key } = issued(place);
      await place.replaceSecrets("gateway", { "tls.crt": pemCertificates(chain).reverse().join("\n"), "tls.key": key });
    },
    breaks: noAnswer,
    caught: { id: "rollout.failed", words: /key values mismatch/ },
  },
  {
    title: "a certificate that was cut off while it was copied",
    byHand: async (place) => {
      const { chain, key } = issued(place);
      await place.replaceSecrets("gateway", { "tls.crt": chain.slice(0, 300), "tls.key": key });
    },
    breaks: noAnswer,
    caught: { id: "rollout.failed", words: /cannot load certificate/ },
  },
]);

it("is refused before anything is deployed, by the settings alone", async () => {
  const sandbox = place();
  const [one, other] = [issued(sandbox), issued(sandbox)];
  const { checkout, stack } = sandbox;
  const before = checkout.read(`Pulumi.${stack}.yaml`);
  try {
    await checkout.setSecret(stack, "rehearsal:tls.certificate.chain", one.chain);
    await checkout.setSecret(stack, "rehearsal:tls.certificate.key", other.key);
    const { exitCode, output } = await checkout.pulumi("preview", "--stack", stack);
    expect(exitCode).not.toBe(0);
    recordFindings(["preview.settings"]);
    expect(output).toMatch(
      /tls\.certificate\.key must be the key of the first .*; found the key of another certificate/,
    );
  } finally {
    checkout.edit(`Pulumi.${stack}.yaml`, () => before);
  }
});
