import { describe, expect, it } from "vitest";
import { concreteHostname, GatewayClient, mainClient } from "../../../rehearsal/checks/gateway-client.ts";
import { type Answered, testGateway } from "./gateway.ts";

describe("a client of the gateway", () => {
  it("asks the gateway's address for a hostname, by Host header with the published port", async () => {
    const { environment, asked } = await testGateway(() => ({ body: "hello" }));
    const client = new GatewayClient(environment, "www.shop.test");
    expect(client.origin).toBe(`https://www.shop.test:${environment.gateway.port}`);
    expect(await client.fetch("/page?a=1")).toMatchObject({ status: 200, body: "hello", path: "/page?a=1" });
    expect(asked).toMatchObject([
      { method: "GET", path: "/page?a=1", headers: { host: `www.shop.test:${environment.gateway.port}` } },
    ]);
  });

  it("leaves the port out where it is the one of HTTPS", async () => {
    const { environment } = await testGateway(() => ({}));
    const client = mainClient({ ...environment, gateway: { address: "127.0.0.1", port: 443 } });
    expect(client.origin).toBe("https://shop.test");
  });

  it("sends a form as a browser does, with the origin and the referrer that Django asks for", async () => {
    const { environment, asked } = await testGateway(() => ({}));
    const client = mainClient(environment);
    await client.once("/login/", { method: "POST", form: { name: "Ä & B", empty: "" } });
    const [post] = asked;
    expect(post).toMatchObject({
      method: "POST",
      headers: { origin: client.origin, referer: `${client.origin}/login/` },
    });
    expect(Object.fromEntries(post?.form ?? [])).toEqual({ name: "Ä & B", empty: "" });
  });

  it("sends a file with fields before it, as a form does", async () => {
    const { environment, asked } = await testGateway(() => ({}));
    const file = { name: "photo", content: Buffer.from("bytes") };
    await mainClient(environment).once("/", { method: "POST", form: { token: "t" }, file });
    const [post] = asked;
    const boundary = /boundary=(.+)$/.exec(post?.headers["content-type"] ?? "")?.[1] ?? "";
    expect(post?.body).toBe(
      `--${boundary}\r\nContent-Disposition: form-data; name="token"\r\n\r\nt\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="photo"; filename="photo"\r\n` +
        `Content-Type: application/octet-stream\r\n\r\nbytes\r\n--${boundary}--\r\n`,
    );
  });

  it("follows redirects, and gives up the form on the way", async () => {
    const pages: Record<string, Answered> = {
      "/old": { status: 302, headers: { Location: "new/" } },
      "/new/": { status: 301, headers: { Location: "/newest/?page=1" } },
    };
    const { environment, asked } = await testGateway(({ path }) => pages[path] ?? { body: "there" });
    const answer = await mainClient(environment).fetch("/old", { method: "POST", form: { a: "1" } });
    expect(answer).toMatchObject({ status: 200, body: "there", path: "/newest/?page=1" });
    expect(asked.map(({ method, path, form }) => `${method} ${path} ${form.toString()}`)).toEqual([
      "POST /old a=1",
      "GET /new/ ",
      "GET /newest/?page=1 ",
    ]);
  });

  it("keeps cookies of its host and of domains above it, as browsers do, and no others", async () => {
    const lines = ["a=1", "b=2; Domain=.shop.test; Secure", "c=3; domain=shop.example", "d=4; Domain=hop.test"];
    const { environment } = await testGateway(() => ({ headers: { "Set-Cookie": lines } }));
    const client = new GatewayClient(environment, "www.shop.test");
    await client.fetch("/");
    expect(["a", "b", "c", "d"].map((name) => client.cookie(name))).toEqual(["1", "2", undefined, undefined]);
  });

  it("does not follow redirects where it is told not to", async () => {
    const { environment } = await testGateway(() => ({ status: 302, headers: { Location: "/other/" } }));
    expect(await mainClient(environment).once("/")).toMatchObject({ status: 302, path: "/" });
  });

  it("stops at a redirect loop", async () => {
    const { environment, asked } = await testGateway(({ path }) => ({
      status: 302,
      headers: { Location: path === "/a" ? "/b" : "/a" },
    }));
    await expect(mainClient(environment).fetch("/a")).rejects.toThrow(
      "/a does not stop redirecting; the last redirect leads to /b",
    );
    expect(asked.length).toBeLessThan(10);
  });

  it.each(["https://elsewhere.test/", "http://shop.test/", "//elsewhere.test/x"])(
    "does not follow a redirect to another origin: %s",
    async (target) => {
      const { environment, asked } = await testGateway(() => ({ status: 302, headers: { Location: target } }));
      await expect(mainClient(environment).fetch("/")).rejects.toThrow(/^\/ redirects to .*, which is another origin$/);
      expect(asked).toHaveLength(1);
    },
  );

  it("keeps cookies, sends them back, and forgets those that are taken back", async () => {
    const cookies: Record<string, string[]> = {
      "/set": ["sessionid=s=1; HttpOnly; Path=/", "csrftoken=t1; Secure"],
      "/change": ["csrftoken=t2; Secure"],
      "/end": ['sessionid=""; Max-Age=0', "csrftoken=; Max-Age=0"],
    };
    const { environment, asked } = await testGateway(({ path }) => ({
      headers: { "Set-Cookie": cookies[path] ?? [] },
    }));
    const client = mainClient(environment);
    for (const path of ["/set", "/change", "/look", "/end", "/look"]) await client.fetch(path);
    expect(asked.map(({ headers }) => headers.cookie)).toEqual([
      undefined,
      "sessionid=s=1; csrftoken=t1",
      "sessionid=s=1; csrftoken=t2",
      "sessionid=s=1; csrftoken=t2",
      undefined,
    ]);
    expect(client.cookie("sessionid")).toBeUndefined();
  });

  it("verifies the certificate strictly, and says which request failed", async () => {
    const { environment } = await testGateway(() => ({}), { certified: ["other.test"] });
    const client = mainClient(environment);
    await expect(client.fetch("/page")).rejects.toThrow(
      new RegExp(`^GET ${client.origin}/page: Hostname/IP does not match certificate's altnames`),
    );
    const { environment: untrusted } = await testGateway(() => ({}));
    await expect(mainClient({ ...untrusted, authority: "" }).fetch("/")).rejects.toThrow(/certificate/);
  });

  it("says where nothing answers", async () => {
    const { environment } = await testGateway(() => ({}));
    const nowhere = { ...environment, gateway: { address: "127.0.0.1", port: 1 } };
    await expect(mainClient(nowhere).fetch("/")).rejects.toThrow("GET https://shop.test:1/: connect ECONNREFUSED");
  });
});

it("takes an example of a wildcard's names", () => {
  expect(["shop.test", "*.tenants.shop.test"].map(concreteHostname)).toEqual(["shop.test", "any.tenants.shop.test"]);
});
