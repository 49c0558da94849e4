import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { type Settings, settingEntries } from "./settings.ts";

/** Hashes of an environment's settings. */
export interface SettingsHashes {
  /** Of all that every environment must have alike: equal in sandbox and production of one release. */
  readonly shared: string;
  /** Of what the environment has for itself. */
  readonly environment: string;
}

/**
 * Hashes settings, defaults filled in. Values of secrets are not in the hashes, which anybody may read; that they are set
 * is. Nor is the engine's address: it is another one for each who reaches the same engine.
 */
export function settingsHashes(settings: Settings): SettingsHashes {
  const shared: Record<string, unknown> = {};
  const environment: Record<string, unknown> = {};
  for (const { section, key, meta } of settingEntries()) {
    const place = `${section}.${key}`;
    if (place === "engine.host") continue;
    const value = place === "gateway.hostnames" ? relativeHostnames(settings) : settingAt(settings, section, key);
    if (meta.differs !== "yes") shared[place] = meta.differs === "keys" ? names(value) : value;
    if (meta.differs !== "no") environment[place] = withoutSecrets(value, meta.secret);
  }
  return { shared: hash(shared), environment: hash(environment) };
}

function settingAt(settings: Settings, section: string, key: string): unknown {
  return (settings as Record<string, Record<string, unknown>>)[section]?.[key];
}

/** As the stack's file names them: the domain is the environment's own. */
function relativeHostnames({ gateway: { domain, hostnames } }: Settings): string[] {
  const end = `.${domain}`;
  return hostnames.map((host) => (host === domain ? "@" : host.endsWith(end) ? host.slice(0, -end.length) : host));
}

function names(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value).toSorted() : [];
}

function withoutSecrets(value: unknown, secret: "all" | readonly string[] | undefined): unknown {
  if (secret === undefined || !isRecord(value)) return value;
  if (secret === "all") return names(value);
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, secret.includes(key) ? "set" : held]));
}

function hash(value: unknown): string {
  return createHash("sha256")
    .update(canonicalize(value) ?? "")
    .digest("hex")
    .slice(0, 32);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
