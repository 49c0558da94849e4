import { describe, expect, it } from "vitest";
import {
  type Disclosure,
  disclosed,
  disclosureFinding,
  knownSecrets,
} from "../../../../rehearsal/run/logs/disclosed.ts";

const secret = (name: string, text: string) => ({
  name,
  inputs: { data: Buffer.from(text).toString("base64") },
});

describe("secrets in logs", () => {
  it("are known by whole values, by the password of an address, and by the inner lines of a key", () => {
    const known = knownSecrets([
      secret("shop-secret-key-0a1b2c3", "a-long-secret-key"),
      secret("shop-database-url-0a1b2c3", "postgres://app:pass%2Fword@database:5432/app"),
      secret("shop-tls-key-0a1b2c3", "-----BEGIN KEY-----\nMIIEvAIBADAN\n-----END KEY-----\n"),
      secret("shop-short-0a1b2c3", "short"),
    ]);
    expect(known).toEqual([
      { name: "shop-secret-key", value: "a-long-secret-key" },
      { name: "shop-database-url", value: "pass/word" },
      { name: "shop-tls-key", value: "MIIEvAIBADAN" },
    ]);
  });

  it("are found once for each process, and stand in no report", () => {
    const found: Disclosure[] = [];
    const known = [{ name: "shop-secret-key", value: "a-long-secret-key" }];
    const text = "started\nkey=a-long-secret-key\nagain a-long-secret-key\n";
    const clean = disclosed(text, known, "app", found);
    expect(disclosed("nothing", known, "app", found)).toBe("nothing");
    expect(clean).not.toContain("a-long-secret-key");
    expect(found.map(disclosureFinding)).toMatchObject([
      {
        id: "log.secret",
        severity: "blocking",
        subject: "app: shop-secret-key",
        evidence: ["key=[secret shop-secret-key]"],
      },
    ]);
  });
});
