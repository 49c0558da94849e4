import { createAuthority, issueCertificate } from "../../components/certificate-authority.ts";
import type { EnvironmentSettings } from "../../components/environment-settings.ts";
import type { ReleaseReferences } from "../../components/release-images.ts";
import { fullHostnames } from "../../config/consistency.ts";
import { fileSettings, parseSettings } from "../../config/load-settings.ts";

type Sections = Record<string, Record<string, unknown>>;

/** A secret that a team gives to its project. */
export const GIVEN_SECRET = "given-payment-key";

/** The sandbox's settings of this project, with a secret of a team's own. */
export function sandboxSettings(engineHost: string, changes: Sections = {}): EnvironmentSettings {
  return settingsOf(
    "sandbox",
    engineHost,
    { tls: { certificate: "generated" }, images: { release: "build" } },
    changes,
  );
}

/** Production's settings of this project, with a certificate and a release. */
export function productionSettings(
  engineHost: string,
  release: ReleaseReferences,
  changes: Sections = {},
): EnvironmentSettings {
  const { domain, hostnames } = settingsOf("production", engineHost, {
    tls: { certificate: "generated" },
    images: { release },
  }).gateway as unknown as { domain: string; hostnames: string[] };
  const authority = createAuthority("given");
  const certificate = { ...issueCertificate(authority, hostnames), authority: authority.root };
  return settingsOf(
    "production",
    engineHost,
    { tls: { certificate }, images: { release }, gateway: { domain } },
    changes,
  );
}

function settingsOf(stack: string, engineHost: string, ...changes: readonly Sections[]): EnvironmentSettings {
  const raw = { ...fileSettings(`Pulumi.${stack}.yaml`, "rehearsal") } as Sections;
  const own: Sections = { app: { secrets: { PAYMENT_KEY: GIVEN_SECRET } }, engine: { host: engineHost } };
  for (const sections of [own, ...changes]) {
    for (const [section, values] of Object.entries(sections)) raw[section] = { ...raw[section], ...values };
  }
  const result = parseSettings(stack, raw, new Set(["app", "tls", "database"]));
  if ("faults" in result) throw new Error(JSON.stringify(result.faults, undefined, 2));
  const { gateway } = result.settings;
  return { ...result.settings, gateway: { ...gateway, hostnames: fullHostnames(gateway.domain, gateway.hostnames) } };
}
