import { describe, expect, it } from "vitest";
import { apiLinks } from "../../../rehearsal/checks/api-links.ts";
import { appCsrf } from "../../../rehearsal/checks/app-csrf.ts";
import { appDebugOff } from "../../../rehearsal/checks/app-debug-off.ts";
import { gatewayProxy } from "../../../rehearsal/checks/gateway-proxy.ts";
import { webCookies } from "../../../rehearsal/checks/web-cookies.ts";
import { webLinks } from "../../../rehearsal/checks/web-links.ts";
import { type Answered, type Asked, testGateway } from "./gateway.ts";
import { inspected } from "./inspected.ts";

const JSON_TYPE = { "Content-Type": "application/json" };
const HTML_TYPE = { "Content-Type": "text/html; charset=utf-8" };
const formWith = (token: string) => `<form><input name="csrfmiddlewaretoken" value="${token}"></form>`;

describe("gateway.proxy", () => {
  it("passes where pages answer, or lead elsewhere, whatever scheme a client claims", async () => {
    const { environment } = await testGateway(({ path }) =>
      path === "/" ? { status: 302, headers: { Location: "/welcome/" } } : {},
    );
    expect(await gatewayProxy.run(environment)).toEqual([]);
  });

  it("names each hostname whose page redirects to itself", async () => {
    const { environment } = await testGateway(({ headers }) => ({
      status: 301,
      headers: { Location: `https://${headers.host ?? ""}/` },
    }));
    expect(await gatewayProxy.run(environment)).toMatchObject(
      ["shop.test", "www.shop.test", "any.tenants.shop.test"].map((name) => ({
        expected: `no redirect of https://${name}:${environment.gateway.port}/ to itself or to plain HTTP`,
        seen: "301 to itself",
      })),
    );
  });

  it.each(["http://shop.test/", "https://shop.test/"])(
    "fails where the page leads to %s, without the port",
    async (to) => {
      const { environment } = await testGateway(() => ({ status: 302, headers: { Location: to } }), {
        hostnames: ["shop.test"],
      });
      expect(await gatewayProxy.run(environment)).toMatchObject([{ seen: `302 to ${to}` }]);
    },
  );

  it("fails where a client's own X-Forwarded-Proto is believed", async () => {
    const { environment } = await testGateway(
      ({ headers }) => (headers["x-forwarded-proto"] === "http" ? { status: 301, headers: { Location: "/x" } } : {}),
      { hostnames: ["shop.test"] },
    );
    expect(await gatewayProxy.run(environment)).toMatchObject([{ seen: "301" }]);
  });
});

describe("web.links", () => {
  const page = (links: readonly string[]): Answered => ({
    headers: HTML_TYPE,
    body: links.map((link) => `<a href="${link}">x</a>`).join(""),
  });

  it("follows a few links of each kind, two steps deep, and none that signs out", async () => {
    const many = Array.from({ length: 30 }, (_, number) => `/items/${number}/`);
    const pages: Record<string, Answered> = {
      "/": page([...many, "/about/", "/logout/", "https://elsewhere.test/"]),
      "/about/": page(["/about/team/"]),
      "/about/team/": page(["/about/team/deep/"]),
    };
    const { environment, asked } = await testGateway(({ path }) => pages[path] ?? { headers: HTML_TYPE });
    expect(await webLinks.run(environment)).toEqual([]);
    expect(asked.map(({ path }) => path)).toEqual(["/", "/items/0/", "/items/1/", "/about/", "/about/team/"]);
  });

  it("fails with a link to a page that fails, and warns of one that leads nowhere among many", async () => {
    const { environment } = await testGateway(({ path }) => {
      if (path === "/a/broken/") return { status: 500 };
      if (path === "/b/gone/") return { status: 404 };
      return path === "/" ? page(["/a/broken/", "/b/gone/", "/c/one/", "/d/one/"]) : {};
    });
    const { origin } = new URL(`https://shop.test:${environment.gateway.port}`);
    expect(await webLinks.run(environment)).toEqual([
      { expected: `an answer at ${origin}/a/broken/, which / links to`, seen: "500" },
      { expected: `an answer at ${origin}/b/gone/, which / links to`, seen: "404", warning: true },
    ]);
  });

  it("fails where most links lead nowhere", async () => {
    const { environment } = await testGateway(({ path }) =>
      path === "/" ? page(["/x/a/", "/y/b/", "/z/c/"]) : { status: path === "/z/c/" ? 200 : 404 },
    );
    expect(await webLinks.run(environment)).toMatchObject([{ seen: "404" }, { seen: "404" }]);
    expect((await webLinks.run(environment)).some(({ warning }) => warning)).toBe(false);
  });

  it("takes what needs a login for an answer", async () => {
    const { environment } = await testGateway(({ path }) => (path === "/" ? page(["/a/"]) : { status: 403 }));
    expect(await webLinks.run(environment)).toEqual([]);
  });
});

describe("api.links", () => {
  /** An API whose root links to `links`, which get the host that was asked for; all paths of `there` answer. */
  async function api(links: readonly string[], there: readonly string[]) {
    return await testGateway(({ path, headers }: Asked) => {
      if (path === "/api/v1/") {
        const absolute = links.map((link) => link.replace("HOST", headers.host ?? ""));
        return { headers: JSON_TYPE, body: JSON.stringify({ links: absolute }) };
      }
      return there.includes(path) ? { headers: JSON_TYPE, body: "{}" } : { status: 404 };
    });
  }

  it("passes where links answer, and leaves other people's alone", async () => {
    const { environment, asked } = await api(
      ["https://HOST/api/v1/airports/", "https://elsewhere.test/terms", "/api/v1/flights/?page=2"],
      ["/api/v1/airports/", "/api/v1/flights/?page=2"],
    );
    expect(await apiLinks.run(environment)).toEqual([]);
    expect(asked).toHaveLength(3);
  });

  it("fails with a link that leads nowhere", async () => {
    const { environment } = await api(["https://HOST/v1/airports/"], []);
    expect(await apiLinks.run(environment)).toMatchObject([
      { expected: expect.stringContaining("/v1/airports/, which /api/v1/ links to") as string, seen: "404" },
    ]);
  });

  it.each(["http://HOST/api/v1/airports/", "http://application:8000/api/v1/airports/", "https://10.0.3.7/api/v1/"])(
    "fails with a link to %s",
    async (link) => {
      const { environment } = await api([link], []);
      const findings = await apiLinks.run(environment);
      expect(findings).toHaveLength(1);
      expect(findings[0]?.expected).toContain("or another declared hostname");
    },
  );

  it("fails with a link on a declared hostname that lost its port", async () => {
    const { environment } = await api(["https://www.shop.test/api/v1/"], []);
    expect(await apiLinks.run(environment)).toMatchObject([{ seen: "https://www.shop.test/api/v1/" }]);
  });
});

describe("app.csrf", () => {
  /** A login form as Django's, which trusts the given origins. */
  async function login(trusted: (origin: string, host: string) => boolean) {
    return await testGateway(({ method, headers, form }) => {
      if (method === "GET") return { headers: { "Set-Cookie": "csrftoken=c1" }, body: formWith("t1") };
      const right = headers.cookie === "csrftoken=c1" && form.get("csrfmiddlewaretoken") === "t1";
      return right && trusted(headers.origin ?? "", headers.host ?? "") ? { body: formWith("t1") } : { status: 403 };
    });
  }

  it("passes where each hostname takes its own forms and no others, and attempts no login", async () => {
    const { environment, asked } = await login((origin, host) => origin === `https://${host}`);
    expect(await appCsrf.run(environment)).toEqual([]);
    expect(asked.filter(({ form }) => form.has("username") || form.has("password"))).toEqual([]);
  });

  it("names the hostname whose origin is not trusted", async () => {
    const { environment } = await login((origin, host) => origin === `https://${host}` && !host.startsWith("www."));
    expect(await appCsrf.run(environment)).toEqual([
      {
        expected: `200 to an empty form sent to https://www.shop.test:${environment.gateway.port}/admin/login/`,
        seen: "403",
      },
    ]);
  });

  it("fails where any site may send forms", async () => {
    const { environment } = await login(() => true);
    expect(await appCsrf.run(environment)).toMatchObject([
      {
        expected: expect.stringContaining("403 to a form that https://foreign-origin.invalid sends") as string,
        seen: "200",
      },
    ]);
  });
});

describe("web.cookies", () => {
  const flags = "Secure; HttpOnly; SameSite=Lax";

  /** What the check finds with these cookies, of the login page and of the login. */
  async function run(csrf: string, session: string) {
    const { environment: inside } = await inspected({});
    const { environment } = await testGateway(
      ({ method, path }) => {
        if (method === "GET" && path === "/admin/login/")
          return { headers: { "Set-Cookie": csrf }, body: formWith("t") };
        if (path.startsWith("/admin/login/"))
          return { status: 302, headers: { Location: "/admin/", "Set-Cookie": session } };
        return { headers: { "Set-Cookie": 'sessionid=""; Max-Age=0' }, body: formWith("t") };
      },
      { environment: { engine: inside.engine } },
    );
    return await webCookies.run(environment);
  }

  it("passes with Django's own, and with one that is taken back", async () => {
    expect(await run("csrftoken=c1; Path=/; Secure; SameSite=Lax", `sessionid=s1; ${flags}`)).toEqual([]);
  });

  it.each<[csrf: string, session: string, expected: string]>([
    ["csrftoken=c1; SameSite=Lax", `sessionid=s1; ${flags}`, "cookie csrftoken with Secure"],
    ["csrftoken=c1; Secure", `sessionid=s1; ${flags}`, "cookie csrftoken with SameSite"],
    ["csrftoken=c1; Secure; SameSite=Lax", "sessionid=s1; HttpOnly; SameSite=Lax", "cookie sessionid with Secure"],
    ["csrftoken=c1; Secure; SameSite=Lax", "sessionid=s1; Secure; SameSite=Lax", "cookie sessionid with HttpOnly"],
    ["csrftoken=c1; Secure; SameSite=Lax", "sessionid=s1; Secure; HttpOnly", "cookie sessionid with SameSite"],
  ])("fails with %s and %s", async (csrf, session, expected) => {
    expect(await run(csrf, session)).toEqual([{ expected, seen: "without" }]);
  });

  it("fails with a cookie of another site, which browsers refuse", async () => {
    const findings = await run("csrftoken=c1; Secure; SameSite=Lax", `sessionid=s1; ${flags}; Domain=.other.example`);
    expect(findings).toEqual([
      {
        expected: "cookie sessionid of shop.test",
        seen: "Domain=.other.example, which browsers refuse: nobody stays logged in",
      },
    ]);
    expect(await run("csrftoken=c1; Secure; SameSite=Lax", `sessionid=s1; ${flags}; Domain=shop.test`)).toEqual([]);
  });

  it("warns of a session that other sites' frames may use", async () => {
    const findings = await run("csrftoken=c1; Secure; SameSite=Lax", "sessionid=s1; Secure; HttpOnly; SameSite=None");
    expect(findings).toMatchObject([{ seen: "SameSite=None", warning: true }]);
  });
});

describe("app.debug-off", () => {
  const plain: Answered = { status: 404, body: "<h1>Not Found</h1>" };
  const page = { status: 404, body: "because you have <code>DEBUG = True</code> in your Django settings file" };
  const settings = { refusedHosts: [], anyHost: false, sessionCookie: "s", csrfCookie: "c", timeZone: "UTC" };

  async function run(answer: Answered, sections: Parameters<typeof inspected>[0]) {
    const { environment: inside } = await inspected(sections);
    const { environment } = await testGateway(() => answer, { environment: { engine: inside.engine } });
    return await appDebugOff.run(environment);
  }

  it("passes with a plain page", async () => {
    expect(await run(plain, {})).toEqual([]);
  });

  it("fails where the page of the error fails itself", async () => {
    expect(await run({ status: 500, body: "<h1>Server Error</h1>" }, {})).toMatchObject([{ seen: "500" }]);
  });

  it("fails with Django's debug page at the gateway, in one task, or in the settings", async () => {
    expect(await run(page, {})).toMatchObject([{ seen: "404 with Django's debug page" }]);
    const request = { task: "10.0.0.7", host: "unknown-host.invalid", path: "/", status: 400, technical: true };
    expect(await run(plain, { requests: [request] })).toMatchObject([
      { expected: "a plain error page from task 10.0.0.7 for unknown-host.invalid/" },
    ]);
    expect(await run(plain, { settings: { ...settings, debug: true } })).toMatchObject([
      { expected: "settings with DEBUG = False" },
    ]);
  });
});
