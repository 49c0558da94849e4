import { concreteHostname, isOfDomain } from "../../checks/gateway-client.ts";
import type { Finding } from "../../finding.ts";
import { type SettingValues, valueFindings } from "../settings/values.ts";
import { ofProduction } from "./production.ts";

/** What variables make of Django's settings. */
export interface DjangoSettings {
  /** Hostnames of the environment that ALLOWED_HOSTS does not have. */
  readonly refusedHosts: readonly string[];
  /** Domains that cookies are set for, by the setting's name. */
  readonly cookieDomains: Readonly<Record<string, string>>;
  readonly values: SettingValues;
  /** Variables that say no, while the setting of that name is on. */
  readonly takenForTrue?: readonly string[];
}

/**
 * What production's variables make of the settings, which no process of the rehearsed environment had.
 *
 * @param here what the settings hold with the variables of the rehearsed environment
 */
export function djangoFindings(
  stack: string,
  hostnames: readonly string[],
  here: SettingValues,
  there: DjangoSettings,
): Finding[] {
  const compared = valueFindings(there.values, here, "where it was rehearsed").map((finding) => ({
    ...ofProduction(stack, finding),
    id: finding.id.replace("settings.", "preflight.settings-"),
    // Environments may differ in numbers as large as these: how much is kept, and for how long.
    ...(finding.id === "settings.magnitude" ? { severity: "warning" as const } : {}),
  }));
  return [...hostFindings(stack, there), ...cookieFindings(stack, hostnames, there), ...compared];
}

function hostFindings(stack: string, { refusedHosts }: DjangoSettings): Finding[] {
  if (refusedHosts.length === 0) return [];
  return [
    {
      id: "preflight.hosts",
      severity: "blocking",
      subject: `${stack}, ALLOWED_HOSTS`,
      cause: `with the variables of ${stack} it lacks ${refusedHosts.join(", ")}`,
      consequence: "Every request under these names is answered with 400, in that environment alone.",
      remedy:
        "Take the hosts from DJANGO_ALLOWED_HOSTS, which has the hostnames of each environment, or mend the variable.",
    },
  ];
}

function cookieFindings(stack: string, hostnames: readonly string[], { cookieDomains }: DjangoSettings): Finding[] {
  return Object.entries(cookieDomains).flatMap(([setting, domain]) => {
    const refused = hostnames.filter((hostname) => !isOfDomain(concreteHostname(hostname), domain));
    if (refused.length === 0) return [];
    return [
      {
        id: "preflight.cookie-domain",
        severity: "blocking" as const,
        subject: `${stack}, ${setting}`,
        cause: `with the variables of ${stack} it is ${domain}, which ${refused.join(", ")} may set no cookie for`,
        consequence: "Browsers refuse the cookie there: nobody stays logged in, and no form is taken.",
        remedy: "Name the domain that all hostnames of the environment are below, or none: each host then has its own.",
      },
    ];
  });
}
