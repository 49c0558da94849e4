import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import type { Properties } from "../framework/provider.ts";

export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

/** The logins that are known, by normalised registry address. */
export type RegistryCredentials = ReadonlyMap<string, RegistryLogin>;

interface RegistryAuth {
  readonly address: string;
  readonly authDisabled?: boolean;
  readonly configFile?: string;
  readonly configFileContent?: string;
  readonly username?: string;
  readonly password?: string;
}

const DOCKER_HUB = "https://index.docker.io/v1/";
const DOCKER_HUB_NAMES = new Set(["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/** Logins from the provider's `registryAuth` over those of Docker's own configuration file. */
export function loadCredentials(registryAuth: readonly Properties[]): RegistryCredentials {
  const credentials = new Map(readConfigFile(defaultConfigFile()));
  for (const entry of registryAuth as unknown as readonly RegistryAuth[]) {
    const key = registryKey(entry.address);
    if (entry.authDisabled === true) credentials.delete(key);
    else credentials.set(key, loginFor(entry, key));
  }
  return credentials;
}

/** The login for the registry that an image's name points to. */
export function loginForImage(credentials: RegistryCredentials, image: string): RegistryLogin | undefined {
  return credentials.get(registryKey(registryOfImage(image)));
}

/** The registry in an image's name: its first part if that looks like a host, else Docker Hub. */
export function registryOfImage(image: string): string {
  const [first, ...rest] = image.split("/");
  const isHost = first !== undefined && rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return isHost ? first : "docker.io";
}

/** The address under which a registry's login is filed: its host, or the historical address of Docker Hub. */
export function registryKey(address: string): string {
  const host = address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return DOCKER_HUB_NAMES.has(host) ? DOCKER_HUB : host;
}

/** All logins as the engine wants them for a build, which may pull base images from several registries. */
export function registryConfig(
  credentials: RegistryCredentials,
): Record<string, { username: string; password: string }> {
  return Object.fromEntries(
    [...credentials].map(([address, { username, password }]) => [address, { username, password }]),
  );
}

function loginFor(entry: RegistryAuth, key: string): RegistryLogin {
  const file =
    entry.configFile !== undefined
      ? readConfigFile(entry.configFile)
      : entry.configFileContent !== undefined
        ? parseConfigFile(entry.configFileContent, "configFileContent")
        : undefined;
  const username = entry.username ?? process.env["DOCKER_REGISTRY_USER"];
  const password = entry.password ?? process.env["DOCKER_REGISTRY_PASS"];
  const found =
    file === undefined && username !== undefined && password !== undefined
      ? { username, password, serveraddress: key }
      : (file ?? readConfigFile(defaultConfigFile())).get(key);
  if (found !== undefined) return found;
  throw new Error(
    `The provider's registryAuth for "${entry.address}" has no login: give username and password, or a configFile with an entry for it (docker login ${entry.address})`,
  );
}

// As the official plugin reads it, DOCKER_CONFIG may name a directory or the file itself.
function defaultConfigFile(): string {
  const configured = process.env["DOCKER_CONFIG"] ?? path.join(homedir(), ".docker");
  const isFile = existsSync(configured) && statSync(configured).isFile();
  return isFile ? configured : path.join(configured, "config.json");
}

function readConfigFile(file: string): RegistryCredentials {
  const expanded = file.replace(/^~(?=\/)/, homedir());
  return existsSync(expanded) ? parseConfigFile(readFileSync(expanded, "utf8"), expanded) : new Map();
}

function parseConfigFile(content: string, source: string): RegistryCredentials {
  let parsed: { auths?: Record<string, { auth?: string; username?: string; password?: string }> };
  try {
    parsed = JSON.parse(content) as typeof parsed;
  } catch {
    throw new Error(`The registry logins in ${source} are not JSON. Write them with: docker login`);
  }
  const logins = Object.entries(parsed.auths ?? {}).flatMap(([address, entry]) => {
    const [username, ...password] = Buffer.from(entry.auth ?? "", "base64")
      .toString()
      .split(":");
    const login = entry.auth === undefined ? [entry.username, entry.password] : [username, password.join(":")];
    const key = registryKey(address);
    const [name, secret] = login;
    if (name === undefined || name === "" || secret === undefined) return [];
    return [[key, { username: name, password: secret, serveraddress: key }] as const];
  });
  return new Map(logins);
}
