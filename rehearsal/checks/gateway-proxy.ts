import { request } from "node:http";
import type { Check, DeployedEnvironment, Finding } from "./check.ts";
import { type Answer, concreteHostname, GatewayClient, isRedirect } from "./gateway-client.ts";

const TIMEOUT_MILLISECONDS = 10_000;

/** A request that reached the gateway over TLS must look like one to the application, whoever sent it. */
export const gatewayProxy: Check = {
  id: "gateway.proxy",
  title:
    "the application sees that requests came over HTTPS: no redirect loop, none to another address, no forged header",
  cause:
    "X-Forwarded-Proto or Host is lost or not overwritten on the way, or the settings do not read it (SECURE_PROXY_SSL_HEADER).",
  consequence: "Every page redirects for ever, or visitors are sent to addresses that do not answer.",
  remedy:
    'Set SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") in the settings, and run pulumi up --refresh where the gateway was changed by hand.',
  run: async (environment) => [
    ...(await Promise.all(environment.hostnames.map((pattern) => redirects(environment, pattern)))).flat(),
    ...(await plainHttp(environment)),
  ],
};

async function redirects(environment: DeployedEnvironment, pattern: string): Promise<Finding[]> {
  const client = new GatewayClient(environment, concreteHostname(pattern));
  const path = Object.values(environment.paths).find((known) => known !== "none") ?? "/";
  const [plain, forged] = await Promise.all([
    client.once(path),
    client.once(path, { headers: { "X-Forwarded-Proto": "http" } }),
  ]);
  if (plain.status === 400) {
    const expected = `an answer at ${client.origin}${path} from an application that is told this host`;
    return [{ expected, seen: "400: its Host is lost on the way, or ALLOWED_HOSTS lacks it" }];
  }
  const finding = wrongRedirect(client, path, plain);
  if (finding !== undefined) return [finding];
  if (forged.status === plain.status) return [];
  const expected = `${plain.status} at ${client.origin}${path}, whatever X-Forwarded-Proto a client sends`;
  return [{ expected, seen: String(forged.status) }];
}

function wrongRedirect(client: GatewayClient, path: string, { status, headers }: Answer): Finding | undefined {
  if (!isRedirect(status)) return undefined;
  const own = new URL(path, client.origin);
  const target = new URL(String(headers["location"] ?? ""), own);
  const expected = `no redirect of ${own.href} to itself or to plain HTTP`;
  if (target.href === own.href) return { expected, seen: `${status} to itself` };
  if (target.hostname === own.hostname && target.origin !== own.origin) {
    return { expected, seen: `${status} to ${target.href}` };
  }
  return undefined;
}

/** What the published port says to a client that does not speak TLS: a refusal or a redirect, never a page. */
async function plainHttp({ gateway, hostnames }: DeployedEnvironment): Promise<Finding[]> {
  const hostname = concreteHostname(hostnames[0] ?? "");
  const status = await new Promise<number>((resolve) => {
    const outgoing = request(
      { host: gateway.address, port: gateway.port, path: "/", headers: { Host: hostname }, agent: false },
      (incoming) => {
        incoming.resume();
        resolve(incoming.statusCode ?? 0);
      },
    );
    outgoing.setTimeout(TIMEOUT_MILLISECONDS, () => outgoing.destroy());
    outgoing.on("error", () => {
      resolve(0);
    });
    outgoing.end();
  });
  if (status === 0 || status >= 300) return [];
  return [{ expected: `no page over plain HTTP at port ${gateway.port}`, seen: String(status) }];
}
