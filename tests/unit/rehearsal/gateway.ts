import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { SecureVersion } from "node:tls";
import Docker from "dockerode";
import { onTestFinished } from "vitest";
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueCertificate,
} from "../../../components/certificate-authority.ts";
import type { DeployedEnvironment } from "../../../rehearsal/checks/check.ts";

/** What the gateway is asked. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly form: URLSearchParams;
}

/** What it answers; 200 and an empty text where nothing else is said. */
export interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

export interface GatewayOptions {
  /** Hostnames of the environment. */
  readonly hostnames?: readonly string[];
  /** Names in the certificate, where they are others. */
  readonly certified?: readonly string[];
  /** What it serves in place of a certificate as the environment issues one. */
  readonly issue?: (authority: Authority) => IssuedCertificate;
  /** When the certificate was issued. */
  readonly issued?: Date;
  /** Version of TLS that it speaks at least. */
  readonly minVersion?: SecureVersion;
  /** Changes of the environment. */
  readonly environment?: Partial<DeployedEnvironment>;
}

export const HOSTNAMES = ["shop.test", "www.shop.test", "*.tenants.shop.test"];

export interface TestGateway {
  readonly environment: DeployedEnvironment;
  /** All that was asked, in order. */
  readonly asked: readonly Asked[];
}

/** A gateway over TLS on this machine that answers what `answer` says, with the environment that it belongs to. */
export async function testGateway(
  answer: (asked: Asked) => Answered,
  {
    hostnames = HOSTNAMES,
    certified = hostnames,
    issued = new Date(),
    issue = (authority) => issueCertificate(authority, certified, issued),
    minVersion = "TLSv1.2",
    environment = {},
  }: GatewayOptions = {},
): Promise<TestGateway> {
  const authority = createAuthority("test");
  const { chain, key } = issue(authority);
  const requests: Asked[] = [];
  const server = createServer({ cert: chain, key, minVersion }, (incoming, outgoing) => {
    void text(incoming).then((body) => {
      const { method = "", url: path = "", headers } = incoming;
      const asked = { method, path, headers, body, form: new URLSearchParams(body) };
      requests.push(asked);
      const answered = answer(asked);
      outgoing.writeHead(answered.status ?? 200, { ...answered.headers } as Record<string, string | string[]>);
      outgoing.end(answered.body ?? "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    asked: requests,
    environment: {
      ...deployedEnvironment(hostnames, { address: "127.0.0.1", port }, authority.root),
      ...environment,
    },
  };
}

/** An environment whose gateway is where it is said to be; engine and database are nowhere. */
export function deployedEnvironment(
  hostnames: readonly string[],
  gateway: DeployedEnvironment["gateway"],
  authority: string,
): DeployedEnvironment {
  return {
    name: "shop-sandbox",
    hostnames,
    gateway,
    maxBodyMiB: 10,
    authority,
    outside: false,
    paths: { page: "/", api: "/api/v1/", adminLogin: "/admin/login/" },
    checks: { certificateDays: 21, etl: "none", etlRowFloor: 1, own: [], silenced: [], skippedModules: [] },
    administrator: { username: "admin", password: "open-sesame" },
    services: [
      { role: "app", name: "shop-sandbox-app", declaration: "d1", image: "shop/application:2" },
      { role: "static", name: "shop-sandbox-static", declaration: "d1", image: "shop/static:2" },
      { role: "gateway", name: "shop-sandbox-gateway", declaration: "d1", image: "shop/gateway:1" },
      { role: "etl", name: "shop-sandbox-etl", declaration: "d1", image: "shop/application:2" },
    ],
    database: { host: "127.0.0.1", port: 1, username: "u", password: "p", database: "app", sslmode: "disable" },
    roles: { owner: "owner", app: "app", etl: "etl", report: "report" },
    releaseContainer: {
      name: "shop-sandbox-check",
      image: "shop/application:2",
      environment: {},
      secrets: {},
      networks: ["shop-sandbox-data"],
      memoryBytes: 1024,
    },
    engine: new Docker({ socketPath: "/no/such/engine" }),
  };
}
