import { describe, expect, it } from "vitest";
import { mainClient } from "../../../../rehearsal/checks/gateway-client.ts";
import { claimedHosts, ownAddressFindings } from "../../../../rehearsal/run/pages/own-address.ts";
import type { Production } from "../../../../rehearsal/run/preflight/production.ts";
import { testGateway } from "../gateway.ts";

const HOSTNAMES = ["shop.test", "*.shop.test"];

describe("where pages say that they are", () => {
  it("is read from what search engines read, and from the map of the site", async () => {
    const { environment } = await testGateway(({ path }) =>
      path === "/sitemap.xml"
        ? {
            body: "<urlset><url><loc>https://map.test/a/</loc></url><url><loc> https://map.test/b/</loc></url></urlset>",
          }
        : { status: 404, body: "" },
    );
    const page = (path: string, head: string) => ({
      path,
      from: "/",
      status: 200,
      answer: {
        status: 200,
        headers: { "content-type": "text/html" },
        path,
        body: `<html><head>${head}</head></html>`,
      },
    });
    const claimed = await claimedHosts(mainClient(environment), [
      page(
        "/a/",
        '<link rel="canonical" href="https://example.com/a/"><link rel="icon" href="https://files.test/i.png">',
      ),
      page("/b/", '<link rel="canonical" href="/b/"><meta property="og:url" content="https://other.test/b/">'),
      page(
        "/c/",
        '<link rel="alternate" hreflang="de" href="https://de.shop.test/c/"><link rel=canonical href="https://example.com/c/">',
      ),
    ]);
    const own = new URL(mainClient(environment).origin).hostname;
    expect(claimed).toEqual({
      "example.com": "/a/",
      [own]: "/b/",
      "other.test": "/b/",
      "de.shop.test": "/c/",
      "map.test": "/sitemap.xml",
    });
  });

  it("is said by the description of an API as well", async () => {
    const { environment } = await testGateway(() => ({ status: 404, body: "" }));
    const answer = (path: string, body: string) => ({
      ...{ path, from: "/", status: 200 },
      answer: { status: 200, headers: { "content-type": "text/plain" }, path, body },
    });
    const claimed = await claimedHosts(mainClient(environment), [
      answer(
        "/yaml",
        "openapi: 3.0.3\ninfo:\n  title: A\nservers:\n- url: http://localhost:8000\n  description: x\npaths: {}\n",
      ),
      answer("/json", '{"openapi": "3.1.0", "servers": [{"url": "https://api.test/v1"}], "paths": {}}'),
      answer("/other", "servers:\n- url: http://nowhere.test\n"),
    ]);
    expect(claimed).toEqual({ localhost: "/yaml", "api.test": "/json" });
  });

  const nowhere = () => undefined;

  it("stops the release where nobody serves that host, and pages did not say so before", () => {
    const claimed = { "shop.test": "/", "de.shop.test": "/de/", "example.com": "/a/" };
    const [found, ...more] = ownAddressFindings(claimed, HOSTNAMES, ["shop.test"], nowhere);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: "pages.own-address", severity: "blocking", subject: "/a/" });
    expect(found?.cause).toBe(
      "it says that it is at example.com (canonical link, og:url, the map of the site, or servers of the API's description), which neither this environment nor production serves; with the release before it did not",
    );
    expect(ownAddressFindings(claimed, HOSTNAMES, undefined, nowhere)).toMatchObject([{ severity: "warning" }]);
  });

  it("may be production, or what it was before", () => {
    const production = { demands: { certificate: { hostnames: ["shop.example.org"] } } } as unknown as Production;
    expect(ownAddressFindings({ "shop.example.org": "/" }, HOSTNAMES, [], () => production)).toEqual([]);
    expect(ownAddressFindings({ "example.com": "/" }, HOSTNAMES, ["example.com"], nowhere)).toEqual([]);
    expect(ownAddressFindings({}, HOSTNAMES, [], nowhere)).toEqual([]);
  });
});
