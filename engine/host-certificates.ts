import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Where distributions keep the authorities that an administrator has added. */
const FOLDERS = [
  "/usr/local/share/ca-certificates",
  "/etc/pki/ca-trust/source/anchors",
  "/etc/ca-certificates/trust-source/anchors",
];

/**
 * Certificate authorities that this host trusts beyond the distribution's, as base64 of their PEM texts; empty where
 * there are none. Builds need them in networks that intercept TLS.
 */
export function extraCertificates(folders: readonly string[] = FOLDERS): string {
  const texts = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((file) => /\.(crt|pem)$/.test(file))
        .sort()
        .map((file) => readFileSync(path.join(folder, file), "utf8").trim()),
    )
    .filter((text) => text.includes("BEGIN CERTIFICATE"));
  return texts.length === 0 ? "" : Buffer.from(`${texts.join("\n")}\n`).toString("base64");
}
