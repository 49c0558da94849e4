import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { extraCertificates } from "../../../engine/host-certificates.ts";

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "certificates-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  return folder;
}

const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----`;
const decoded = (text: string) => Buffer.from(text, "base64").toString("utf8");

describe("the host's extra certificates", () => {
  it("are empty where the folders are missing or empty", () => {
    expect(extraCertificates(["/no/such/folder", folderOf({})])).toBe("");
  });

  it("are all PEM files of all folders, one after the other, in a fixed order", () => {
    const one = folderOf({ "b.crt": `${pem("b")}\n\n`, "a.pem": pem("a"), "sub/c.crt": pem("c") });
    const other = folderOf({ "0.crt": pem("0") });
    expect(decoded(extraCertificates([one, other]))).toBe(`${[pem("a"), pem("b"), pem("c"), pem("0")].join("\n")}\n`);
  });

  it("leave out other files, and certificates that are not PEM", () => {
    const folder = folderOf({ "a.crt": pem("a"), "README.md": pem("x"), "a.key": pem("y"), "der.crt": "\x30\x82" });
    expect(decoded(extraCertificates([folder]))).toBe(`${pem("a")}\n`);
  });
});
