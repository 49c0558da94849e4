import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { scramVerifier } from "../../../engine/scram.ts";

describe("a SCRAM verifier", () => {
  // RFC 7677, section 3: user "user", password "pencil", and what both sides say.
  const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
  const first = "n=user,r=rOprNGfwEbeRWgbNEkqO";
  const challenge = `r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=${salt},i=4096`;
  const final = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const exchange = [first, challenge, final].join(",");
  const proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const signature = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

  const parts = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(scramVerifier("pencil", salt)) ?? [];
  const [, iterations, usedSalt, stored = "", server = ""] = parts;

  it("has PostgreSQL's form, with its count of iterations and the given salt", () => {
    expect(iterations).toBe("4096");
    expect(usedSalt).toBe(salt);
  });

  it("accepts the proof of the RFC's client", () => {
    const storedKey = Buffer.from(stored, "base64");
    const clientSignature = createHmac("sha256", storedKey).update(exchange).digest();
    const clientKey = Buffer.from(proof, "base64").map((byte, index) => byte ^ (clientSignature[index] ?? 0));
    expect(createHash("sha256").update(clientKey).digest("base64")).toBe(stored);
  });

  it("answers with the signature of the RFC's server", () => {
    const serverKey = Buffer.from(server, "base64");
    expect(createHmac("sha256", serverKey).update(exchange).digest("base64")).toBe(signature);
  });

  it("is another one with another password or salt", () => {
    const one = scramVerifier("pencil", salt);
    expect(scramVerifier("pencils", salt)).not.toBe(one);
    expect(scramVerifier("pencil", Buffer.from("another salt 16b").toString("base64"))).not.toBe(one);
    expect(one).not.toContain("pencil");
    expect(one).not.toContain(pbkdf2Sync("pencil", Buffer.from(salt, "base64"), 4096, 32, "sha256").toString("base64"));
  });
});
