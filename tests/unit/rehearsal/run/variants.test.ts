import { describe, expect, it } from "vitest";
import { mainClient } from "../../../../rehearsal/checks/gateway-client.ts";
import {
  tryAsPages,
  tryClients,
  tryNowhere,
  trySpellings,
  variantFindings,
} from "../../../../rehearsal/run/pages/variants.ts";
import { testGateway } from "../gateway.ts";

describe("other ways to ask", () => {
  it("stop the release where they were answered and are refused", () => {
    const before = { "/ to curl": 200, "/flights": 301, "/api/ to Java": 403, "/data": 301 };
    const now = { "/ to curl": 403, "/flights": 404, "/api/ to Java": 403, "/data": 302 };
    expect(variantFindings(now, before)).toMatchObject([
      { id: "pages.client", severity: "blocking", subject: "/ to curl" },
      {
        id: "pages.spelling",
        subject: "/flights",
        cause: "it is answered 404; with the release before it was 301",
      },
    ]);
    expect(variantFindings({ "/ to curl": 429 }, before)).toEqual([]);
    expect(variantFindings({}, before)).toEqual([]);
  });

  it("are clients of several kinds, and addresses without their slash", async () => {
    const { environment, asked } = await testGateway(({ path, headers }) => ({
      status: path.endsWith("/") ? (String(headers["user-agent"]).startsWith("curl") ? 403 : 200) : 301,
      body: "",
    }));
    const client = mainClient(environment);
    const clients = await tryClients(client, "/");
    expect(clients).toMatchObject({ "/ to curl": 403, "/ to browser": 200 });
    const addresses = { "/flights/*/": ["/flights/7/"], "/x.csv": ["/x.csv"], "/": ["/"] };
    expect(await trySpellings(client, addresses)).toEqual({ "/flights/*": 301 });
    expect(asked.at(-1)?.path).toBe("/flights/7");
    expect(await tryNowhere(client, "/api")).toEqual({ "/api/there-is-no-such-page/": 200 });
  });

  it("are the API's addresses as people open them", async () => {
    const { environment } = await testGateway(({ headers }) => ({
      status: String(headers.accept).startsWith("text/html") ? 500 : 200,
      body: "",
    }));
    const addresses = { "/": ["/"], "/api/": ["/api/"], "/api/*/": ["/api/7/"] };
    const now = await tryAsPages(mainClient(environment), "/api/", addresses);
    expect(now).toEqual({ "/api/ as a page": 500, "/api/*/ as a page": 500 });
    const before = { "/api/ as a page": 200, "/api/*/ as a page": 406 };
    expect(variantFindings(now, before)).toMatchObject([
      { id: "pages.format", severity: "blocking", subject: "/api/ as a page" },
    ]);
  });

  it("must go on to tell an address that leads nowhere", () => {
    const nowhere = "/api/there-is-no-such-page/";
    for (const earlier of [404, 403]) {
      const [finding] = variantFindings({ [nowhere]: 200 }, { [nowhere]: earlier });
      expect(finding).toMatchObject({ id: "pages.error-status", severity: "blocking", subject: nowhere });
      expect(finding?.cause).toContain(`is answered 200; with the release before it was ${String(earlier)}`);
    }
    for (const [now, earlier] of [
      [200, 200],
      [404, 200],
      [404, 404],
      [301, 404],
      [0, 404],
    ] as const) {
      expect(variantFindings({ [nowhere]: now }, { [nowhere]: earlier })).toEqual([]);
    }
    expect(variantFindings({}, { [nowhere]: 404 })).toEqual([]);
  });
});
