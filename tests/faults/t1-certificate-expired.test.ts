import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { issueCertificate } from "../../components/certificate-authority.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "T1",
  class: "certificates",
  title: "the certificate has expired, or is about to",
  covers: "certificates outside of their time, of any link of the chain, on every hostname, with some days left to act",
});

const DAY = 86_400_000;

/** Serves a certificate whose time began as if today were another day. */
function servedAsOf(days: number) {
  return async (place: Staged) => {
    const hostnames = place.deployed().hostnames;
    const { chain, key } = issueCertificate(place.authority, hostnames, new Date(Date.now() + days * DAY));
    await place.replaceSecrets("gateway", { "tls.crt": chain, "tls.key": key });
    place.notes["chain"] = chain;
  };
}

testFaults([
  {
    title: "expired",
    byHand: servedAsOf(-900),
    breaks: async (twin) => {
      expect(await twin.get("/")).toMatchObject({
        status: 0,
        body: expect.stringContaining("certificate has expired") as string,
      });
    },
    caught: { id: "gateway.tls", words: /a certificate that verifies; seen certificate has expired/ },
  },
  {
    title: "valid from next week on",
    byHand: servedAsOf(8),
    breaks: async (twin) => {
      expect(await twin.get("/")).toMatchObject({
        status: 0,
        body: expect.stringContaining("not yet valid") as string,
      });
    },
    caught: { id: "gateway.tls", words: /a certificate that verifies; seen certificate is not yet valid/ },
  },
  {
    title: "expires the day after tomorrow",
    byHand: servedAsOf(-818),
    breaks: (twin) => {
      expect(verifiedAfter(twin, 3)).toMatch(/certificate has expired/);
      return Promise.resolve();
    },
    caught: { id: "gateway.tls", words: /valid for 3 days or more; seen [012] days left/ },
  },
]);

/** What a client will say of the served chain in some days. */
function verifiedAfter(place: Staged, days: number): string {
  const folder = mkdtempSync(path.join(tmpdir(), "fault-certificate-"));
  try {
    const [root, chain] = [path.join(folder, "root.pem"), path.join(folder, "chain.pem")];
    writeFileSync(root, place.authority.root);
    writeFileSync(chain, place.notes["chain"] ?? "");
    const at = String(Math.floor((Date.now() + days * DAY) / 1000));
    return execFileSync("openssl", ["verify", "-attime", at, "-CAfile", root, "-untrusted", chain, chain], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    });
  } catch (error) {
    return String((error as { stderr?: string }).stderr);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
