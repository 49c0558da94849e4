import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** What an engine shows to a registry. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string }>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/**
 * The login of a registry as `docker login` has kept it: in Docker's configuration file, or in the credential helper that
 * this one names; undefined where nobody has logged in.
 *
 * @param registry host, with its port where it has one
 */
export async function registryLogin(registry: string): Promise<RegistryLogin | undefined> {
  const file = path.join(process.env["DOCKER_CONFIG"] ?? path.join(homedir(), ".docker"), "config.json");
  if (!existsSync(file)) return undefined;
  const config = JSON.parse(readFileSync(file, "utf8")) as DockerConfig;
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper !== undefined) return await fromHelper(helper, registry);
  const auth = config.auths?.[registry]?.auth ?? config.auths?.[`https://${registry}`]?.auth;
  if (auth === undefined) return undefined;
  const [username = "", ...password] = Buffer.from(auth, "base64").toString().split(":");
  return { username, password: password.join(":"), serveraddress: registry };
}

/** A helper that knows no login of the registry ends with another code than zero. */
async function fromHelper(helper: string, registry: string): Promise<RegistryLogin | undefined> {
  const answer = await new Promise<string | undefined>((resolve) => {
    const child = execFile(`docker-credential-${helper}`, ["get"], (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(registry);
  });
  if (answer === undefined) return undefined;
  const { Username, Secret } = JSON.parse(answer) as { Username: string; Secret: string };
  return { username: Username, password: Secret, serveraddress: registry };
}
