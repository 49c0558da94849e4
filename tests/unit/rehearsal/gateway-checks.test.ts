import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Authority, IssuedCertificate } from "../../../components/certificate-authority.ts";
import {
  basicConstraints,
  distinguishedName,
  serverAuthentication,
  signCertificate,
  subjectOf,
} from "../../../components/x509.ts";
import { gatewaySizes } from "../../../rehearsal/checks/gateway-sizes.ts";
import { gatewayTls } from "../../../rehearsal/checks/gateway-tls.ts";
import { webPage } from "../../../rehearsal/checks/web-page.ts";
import { webStatic } from "../../../rehearsal/checks/web-static.ts";
import { type Answered, type Asked, HOSTNAMES, testGateway } from "./gateway.ts";

const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(Date.now() - days * DAY);

/** As old instructions for OpenSSL make one. */
function withCommonNameAlone(authority: Authority): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const certificate = signCertificate({
    subject: distinguishedName("shop.test"),
    publicKey,
    issuer: subjectOf(new X509Certificate(authority.intermediate)),
    issuerKey: createPrivateKey(authority.intermediateKey),
    notBefore: daysAgo(1),
    notAfter: daysAgo(-90),
    extensions: [basicConstraints(undefined), serverAuthentication()],
  });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { chain: `${certificate.toString()}${authority.intermediate}`, key };
}

describe("gateway.tls", () => {
  it("passes where every hostname and an example of every wildcard is covered", async () => {
    const { environment } = await testGateway(() => ({}));
    expect(await gatewayTls.run(environment)).toEqual([]);
  });

  it("names each hostname that the certificate does not cover, and no other", async () => {
    const { environment } = await testGateway(() => ({}), { certified: ["shop.test"] });
    expect(await gatewayTls.run(environment)).toEqual(
      ["www.shop.test", "any.tenants.shop.test"].map((hostname) => ({
        expected: `${hostname}: a certificate that verifies`,
        seen: expect.stringContaining("does not match certificate's altnames") as string,
      })),
    );
  });

  it("does not take one label of a wildcard for two", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["a.b.shop.test"], certified: ["*.shop.test"] });
    expect(await gatewayTls.run(environment)).toHaveLength(1);
  });

  it("fails where a hostname is the common name alone", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["shop.test"], issue: withCommonNameAlone });
    expect(await gatewayTls.run(environment)).toEqual([
      {
        expected: "shop.test: a certificate with it as subject alternative name",
        seen: "its common name alone, which browsers do not look at",
      },
    ]);
  });

  it("fails where a version of TLS that clients know is not spoken", async () => {
    const { environment } = await testGateway(() => ({}), { minVersion: "TLSv1.3" });
    expect(await gatewayTls.run(environment)).toEqual([
      { expected: "shop.test: a connection with TLSv1.2", seen: expect.stringMatching(/alert|protocol/i) as string },
    ]);
  });

  it("fails with an expired certificate", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["shop.test"], issued: daysAgo(900) });
    expect(await gatewayTls.run(environment)).toEqual([
      { expected: "shop.test: a certificate that verifies", seen: "certificate has expired" },
    ]);
  });

  it("warns of one that expires within the days that are set", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["shop.test"], issued: daysAgo(810) });
    expect(await gatewayTls.run(environment)).toEqual([
      { expected: "shop.test: a certificate valid for 21 days or more", seen: "9 days left", warning: true },
    ]);
    const shorter = { ...environment, checks: { ...environment.checks, certificateDays: 9 } };
    expect(await gatewayTls.run(shorter)).toEqual([]);
  });

  it("fails with one that expires within three days, whatever the setting", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["shop.test"], issued: daysAgo(817) });
    const shorter = { ...environment, checks: { ...environment.checks, certificateDays: 3 } };
    expect(await gatewayTls.run(shorter)).toEqual([
      { expected: "shop.test: a certificate valid for 3 days or more", seen: "2 days left" },
    ]);
  });

  it("fails with one of another authority, even one of the same name", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["shop.test"] });
    const { environment: other } = await testGateway(() => ({}), { hostnames: ["shop.test"] });
    expect(await gatewayTls.run({ ...environment, authority: other.authority })).toHaveLength(1);
    expect(await gatewayTls.run({ ...environment, authority: "" })).toHaveLength(1);
  });

  it("fails where nothing answers", async () => {
    const { environment } = await testGateway(() => ({}), { hostnames: ["shop.test"] });
    expect(await gatewayTls.run({ ...environment, gateway: { address: "127.0.0.1", port: 1 } })).toEqual([
      expect.objectContaining({ seen: "connect ECONNREFUSED 127.0.0.1:1" }),
    ]);
  });
});

describe("web.page", () => {
  it("passes where the page answers on every hostname, after redirects too", async () => {
    const { environment, asked } = await testGateway(({ path }) =>
      path === "/" ? { status: 302, headers: { Location: "/welcome/" } } : {},
    );
    expect(await webPage.run(environment)).toEqual([]);
    const hosts = asked.map(({ headers }) => headers.host?.replace(/:\d+$/, ""));
    expect(new Set(hosts)).toEqual(new Set(["shop.test", "www.shop.test", "any.tenants.shop.test"]));
  });

  it("names the hostname that the application refuses", async () => {
    const { environment } = await testGateway(({ headers }) =>
      headers.host?.startsWith("www.") === true ? { status: 400 } : {},
    );
    expect(await webPage.run(environment)).toEqual([
      { expected: `200 at https://www.shop.test:${environment.gateway.port}/`, seen: "400" },
    ]);
  });

  it.each([404, 500, 502])("fails with %i", async (status) => {
    const { environment } = await testGateway(() => ({ status }));
    const findings = await webPage.run(environment);
    expect(findings.map(({ seen }) => seen)).toEqual(HOSTNAMES.map(() => String(status)));
  });

  it("fails with a page that redirects for ever, or to plain HTTP", async () => {
    const loop = await testGateway(() => ({ status: 301, headers: { Location: "/" } }));
    await expect(webPage.run(loop.environment)).rejects.toThrow("does not stop redirecting");
    const plain = await testGateway(() => ({ status: 301, headers: { Location: "http://shop.test/" } }));
    await expect(webPage.run(plain.environment)).rejects.toThrow("which is another origin");
  });

  it("does not apply where the project has no page", async () => {
    const { environment } = await testGateway(() => ({}));
    expect(webPage.notApplicable?.(environment)).toBeUndefined();
    const none = { ...environment, paths: { ...environment.paths, page: "none" } };
    expect(webPage.notApplicable?.(none)).toBe("checks.page is none");
  });
});

describe("web.static", () => {
  const PAGES: Record<string, Answered> = {
    "/": { body: '<link rel="stylesheet" href="/static/shop.1a2b.css"><script src=/static/shop.3c.js></script>' },
    "/admin/login/": { body: "<link href='/static/admin/base.4d.css' rel='stylesheet'>" },
  };
  const STYLE = { body: "body {}" };

  it("passes where all files that both pages reference are served", async () => {
    const { environment, asked } = await testGateway(({ path }) => PAGES[path] ?? STYLE);
    expect(await webStatic.run(environment)).toEqual([]);
    const files = asked.map(({ path }) => path).filter((path) => path.startsWith("/static/"));
    expect(files.toSorted()).toEqual(["/static/admin/base.4d.css", "/static/shop.1a2b.css", "/static/shop.3c.js"]);
  });

  it.each<[what: string, answer: Answered, seen: string]>([
    ["missing", { status: 404, body: "not found" }, "404, 9 characters"],
    ["empty", { body: "" }, "200, 0 characters"],
    ["elsewhere", { status: 302, headers: { Location: "/" } }, "302, 0 characters"],
  ])("names the file that is %s", async (_, answer, seen) => {
    const { environment } = await testGateway(({ path }) =>
      path === "/static/shop.3c.js" ? answer : (PAGES[path] ?? STYLE),
    );
    const expected = `200 and content at https://shop.test:${environment.gateway.port}/static/shop.3c.js`;
    expect(await webStatic.run(environment)).toEqual([{ expected, seen }]);
  });

  it("demands pictures and fonts where these are named, and no text in their place", async () => {
    const found = async (type: string, content: string) => {
      const { environment } = await testGateway(({ path }) =>
        path === "/" ? { body: '<img src="/static/hero.jpg">' } : { body: content, headers: { "Content-Type": type } },
      );
      return await webStatic.run({ ...environment, paths: { ...environment.paths, adminLogin: "none" } });
    };
    expect(await found("image/png", "\u0089PNG\r\n")).toEqual([]);
    expect(await found("image/svg+xml", "<svg/>")).toEqual([]);
    expect(await found("image/jpeg", "version https://git-lfs.github.com/spec/v1\noid sha256:8c39\n")).toEqual([
      {
        expected: "/static/hero.jpg with the content of an image/jpeg",
        seen: 'a text that begins with "version https://git-lfs.github.com/spec/v1": the pointer of Git LFS, where the file itself was not checked out',
      },
    ]);
    expect(await found("font/woff2", "Not found")).toMatchObject([
      { seen: 'a text that begins with "Not found": no such file' },
    ]);
  });

  it("names files that browsers refuse, since the page demands other content", async () => {
    const digest = createHash("sha384").update(STYLE.body).digest("base64");
    const page = (integrity: string) =>
      `<link rel="stylesheet" href="/static/a.css" integrity="${integrity}"><script src="/static/b.js"></script>`;
    const found = async (integrity: string) => {
      const { environment } = await testGateway(({ path }) =>
        path === "/" ? { body: page(integrity) } : { ...STYLE, headers: { "Content-Type": "text/css" } },
      );
      return await webStatic.run({ ...environment, paths: { ...environment.paths, adminLogin: "none" } });
    };
    expect(await found(`sha384-${digest}`)).toEqual([]);
    // The weaker of two does not count, nor what is no digest.
    expect(await found(`sha256-AAAA sha384-${digest}`)).toEqual([]);
    expect(await found("nothing")).toEqual([]);
    expect(await found("sha384-AAAA")).toEqual([
      {
        expected: '/static/a.css with the content that the page\'s integrity="sha384-AAAA" demands',
        seen: `sha384-${digest}: browsers refuse the file`,
      },
    ]);
  });

  it("fails where no page references a file: nothing would have been looked at", async () => {
    const { environment } = await testGateway(() => ({ body: "<h1>plain</h1>" }));
    expect(await webStatic.run(environment)).toEqual([
      { expected: "a page that references a file below /static/", seen: "no such reference" },
    ]);
  });

  it("looks at the pages that there are", async () => {
    const { environment, asked } = await testGateway(({ path }) => PAGES[path] ?? STYLE);
    const paths = { ...environment.paths, adminLogin: "none" };
    expect(await webStatic.run({ ...environment, paths })).toEqual([]);
    expect(asked.map(({ path }) => path)).not.toContain("/admin/login/");
    expect(webStatic.notApplicable?.({ ...environment, paths })).toBeUndefined();
    const none = { ...paths, page: "none" };
    expect(webStatic.notApplicable?.({ ...environment, paths: none })).toBe(
      "checks.page and checks.adminLogin are none",
    );
  });

  it("follows style sheets to their images and fonts, and fails where one is missing", async () => {
    const css = { headers: { "Content-Type": "text/css" }, body: "@font-face { src: url('fonts/a.woff2') }" };
    const { environment, asked } = await testGateway(({ path }) => {
      if (path.endsWith(".css")) return css;
      return path.endsWith(".woff2") ? { status: 404 } : (PAGES[path] ?? STYLE);
    });
    const findings = await webStatic.run(environment);
    expect(asked.map(({ path }) => path)).toContain("/static/fonts/a.woff2");
    expect(findings.map(({ expected }) => expected)).toEqual([
      `200 and content at https://shop.test:${environment.gateway.port}/static/fonts/a.woff2`,
      `200 and content at https://shop.test:${environment.gateway.port}/static/admin/fonts/a.woff2`,
    ]);
  });

  it("looks at files elsewhere on the host too, through their redirects", async () => {
    const page = `${PAGES["/"]?.body ?? ""}<link rel="icon" href="/favicon.ico"><img src="/thumb?id=3">`;
    const { environment } = await testGateway(({ path }) => {
      if (path === "/favicon.ico") return { status: 301, headers: { Location: "/static/icon.svg" } };
      if (path === "/thumb?id=3") return { status: 500 };
      return path === "/" ? { body: page } : (PAGES[path] ?? STYLE);
    });
    expect((await webStatic.run(environment)).map(({ expected }) => expected)).toEqual([
      `200 and content at https://shop.test:${environment.gateway.port}/thumb?id=3`,
    ]);
  });
});

describe("gateway.sizes", () => {
  const login = '<form><input name="csrfmiddlewaretoken" value="c1"></form>';
  const run = async (answer: (asked: Asked) => number, maxBodyMiB = 10) => {
    const { environment, asked } = await testGateway((one) => ({ status: answer(one), body: login }));
    const findings = await gatewaySizes.run({ ...environment, maxBodyMiB });
    const post = asked.find(({ method }) => method === "POST");
    return { findings, type: post?.headers["content-type"], bytes: Number(post?.headers["content-length"]) };
  };

  it("sends a file of nearly the size that the settings allow, and no larger than a photograph", async () => {
    const { findings, type, bytes } = await run(() => 200);
    expect(findings).toEqual([]);
    expect(type).toMatch(/^multipart\/form-data; boundary=/);
    expect(Math.floor(bytes / 1024)).toBe(8 * 1024);
    expect(Math.floor((await run(() => 200, 1)).bytes / 1024)).toBe(921);
  });

  it.each([413, 500, 502])("fails where the answer to a body is %d", async (status) => {
    expect((await run(({ method }) => (method === "POST" ? status : 200))).findings[0]).toEqual({
      expected: "an answer of the application to 8.0 MiB sent to /admin/login/",
      seen: String(status),
    });
  });

  it("fails where a long text is refused, and a file is not", async () => {
    const isText = ({ method, headers }: Asked) =>
      method === "POST" && String(headers["content-type"]).startsWith("application/x-www-form-urlencoded");
    expect((await run((asked) => (isText(asked) ? 400 : 200))).findings).toEqual([
      {
        expected: "an answer of the application to a form with 100000 characters sent to /admin/login/",
        seen: "400",
      },
    ]);
  });

  it.each([400, 414, 431])("fails where a long address is answered %d, and the page is not", async (status) => {
    expect((await run(({ path }) => (path.length > 200 ? status : 200))).findings).toEqual([
      { expected: "200 at / with 2000 characters of parameters", seen: String(status) },
    ]);
    expect((await run(({ method }) => (method === "POST" ? 403 : status))).findings).toEqual([]);
  });
});
