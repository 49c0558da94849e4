import { generateKeyPairSync, X509Certificate } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, connect, createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  issueCertificate,
} from "../../../components/certificate-authority.ts";
import { objectIdentifier } from "../../../components/der.ts";
import { distinguishedName, signCertificate, subjectOf } from "../../../components/x509.ts";

const DAY = 86_400_000;
const HOSTNAMES = ["shop.test", "www.shop.test", "api.shop.test", "*.tenants.shop.test"];

let authority: Authority;
let issued: IssuedCertificate;
let port = 0;
let close: () => void;

beforeAll(async () => {
  authority = createAuthority("shop-sandbox");
  issued = issueCertificate(authority, HOSTNAMES);
  const server = createServer({ cert: issued.chain, key: issued.key }, (socket) => {
    socket.end("welcome");
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
  close = () => {
    server.close();
  };
});

afterAll(() => {
  close();
});

/** Connects as a strict client does, and reads what the server says. */
async function handshake(servername: string, options: ConnectionOptions = { ca: authority.root }): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: true, ...options });
    let said = "";
    socket.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    socket.on("error", reject);
    socket.on("end", () => {
      resolve(said);
    });
  });
}

describe("a strict client that trusts the root alone", () => {
  it.each([...HOSTNAMES.slice(0, 3), "acme.tenants.shop.test"])("accepts the server as %s", async (hostname) => {
    await expect(handshake(hostname)).resolves.toBe("welcome");
  });

  it.each(["shop.test", "acme.tenants.shop.test"])("accepts it over TLS 1.2 too: %s", async (hostname) => {
    await expect(handshake(hostname, { ca: authority.root, maxVersion: "TLSv1.2" })).resolves.toBe("welcome");
  });

  it.each(["other.test", "mail.shop.test", "tenants.shop.test", "a.b.tenants.shop.test"])(
    "refuses it as %s, which the certificate does not cover",
    async (hostname) => {
      await expect(handshake(hostname)).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    },
  );
});

describe("a client that does not trust the root", () => {
  it("refuses the server", async () => {
    await expect(handshake("shop.test", {})).rejects.toMatchObject({ code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" });
  });

  it("refuses it with the authority of another environment, even of the same name", async () => {
    const { root } = createAuthority("shop-sandbox");
    await expect(handshake("shop.test", { ca: root })).rejects.toThrow(/unable to|signature/);
  });
});

describe("the certificates", () => {
  const parse = (text: string) =>
    (text.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map((pem) => new X509Certificate(pem));

  it("are a root, an intermediate that issues servers' certificates only, and a server's", () => {
    const [root] = parse(authority.root);
    const [server, intermediate, ...others] = parse(issued.chain);
    expect(others).toEqual([]);
    expect([root?.ca, intermediate?.ca, server?.ca]).toEqual([true, true, false]);
    expect(root?.subject).toBe("CN=shop-sandbox root");
    expect(intermediate?.issuer).toBe(root?.subject);
    expect(server?.issuer).toBe(intermediate?.subject);
    expect(server?.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(server?.subjectAltName).toBe(HOSTNAMES.map((name) => `DNS:${name}`).join(", "));
  });

  it("are signed each by the next, and have keys of their own", () => {
    const [root] = parse(authority.root);
    const [server, intermediate] = parse(issued.chain);
    if (root === undefined || intermediate === undefined || server === undefined)
      expect.fail("a certificate is missing");
    expect(server.verify(intermediate.publicKey)).toBe(true);
    expect(intermediate.verify(root.publicKey)).toBe(true);
    expect(server.verify(root.publicKey)).toBe(false);
    const keys = [root, intermediate, server].map(({ publicKey }) => publicKey.export({ type: "spki", format: "pem" }));
    expect(new Set(keys).size).toBe(3);
    expect(new Set([root, intermediate, server].map(({ serialNumber }) => serialNumber)).size).toBe(3);
  });

  it("are valid since yesterday; the server's for no longer than browsers accept, the authority's for longer", () => {
    const now = new Date("2026-01-01T00:00:00Z");
    const made = createAuthority("shop-sandbox", now);
    const [server, intermediate] = parse(issueCertificate(made, HOSTNAMES, now).chain);
    expect(Date.parse(server?.validFrom ?? "")).toBe(now.getTime() - DAY);
    expect(Date.parse(server?.validTo ?? "")).toBeLessThanOrEqual(now.getTime() + 825 * DAY);
    expect(Date.parse(server?.validTo ?? "")).toBeGreaterThan(now.getTime() + 365 * DAY);
    expect(Date.parse(intermediate?.validTo ?? "")).toBe(now.getTime() + 3650 * DAY);
  });

  it("name their issuers byte by byte as these name themselves, in whatever form of text that is", () => {
    const old = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const name = distinguishedName("shop-sandbox intermediate");
    const printable = Buffer.from(name);
    printable[printable.indexOf(0x0c)] = 0x13;
    const intermediate = signCertificate({
      subject: printable,
      issuer: name,
      publicKey: old.publicKey,
      issuerKey: old.privateKey,
      notBefore: new Date(),
      notAfter: new Date(),
      extensions: [],
    });
    const { chain } = issueCertificate(
      {
        root: "",
        intermediate: intermediate.toString(),
        intermediateKey: old.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      },
      HOSTNAMES,
    );
    expect(subjectOf(intermediate)).toEqual(printable);
    expect(parse(chain)[0]?.raw.includes(printable)).toBe(true);
    expect(parse(chain)[0]?.raw.includes(name)).toBe(false);
  });

  it("name the keys that they are signed with", () => {
    const extension = (pem: string, identifier: string) => {
      const raw = parse(pem)[0]?.raw ?? Buffer.of();
      const at = raw.indexOf(objectIdentifier(identifier));
      expect(at).toBeGreaterThan(0);
      return raw.subarray(at, at + 31);
    };
    // Identifier, and three heads around twenty bytes.
    const own = (pem: string) => extension(pem, "2.5.29.14").subarray(9, 29);
    expect(extension(authority.intermediate, "2.5.29.35").includes(own(authority.root))).toBe(true);
    expect(extension(issued.chain, "2.5.29.35").includes(own(authority.intermediate))).toBe(true);
    expect(own(authority.root)).not.toEqual(own(authority.intermediate));
  });

  it("are made anew each time, from one authority", async () => {
    const again = issueCertificate(authority, HOSTNAMES);
    expect(again.key).not.toBe(issued.key);
    await expect(handshake("shop.test")).resolves.toBe("welcome");
    expect(parse(again.chain)[1]?.raw).toEqual(parse(issued.chain)[1]?.raw);
  });
});
