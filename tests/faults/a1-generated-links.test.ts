import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "A1",
  class: "behaviour",
  title: "generated links are wrong: most calls of the API end at 404",
  covers:
    "links that lead nowhere while the first answer is right: each kind that an answer generates is followed, by address and by route",
});

/** The links of the API's first page, as a client follows them. */
async function links(twin: Staged): Promise<URL[]> {
  const { status, body } = await twin.get("/api/v1/");
  expect(status).toBe(200);
  const found = Object.values(JSON.parse(body) as Record<string, string>);
  expect(found.length).toBeGreaterThan(2);
  return found.map((link) => new URL(link));
}

testFaults([
  {
    title: "a prefix that is not routed",
    release: { changes: edited("airways/settings.py", ["STATIC_URL =", 'FORCE_SCRIPT_NAME = "/site"\nSTATIC_URL =']) },
    breaks: async (twin) => {
      for (const link of await links(twin)) expect((await twin.get(link.pathname)).status).toBe(404);
    },
    caught: { id: "api.links", words: /\/site\/api\/v1\/\S*.*404/ },
  },
  {
    title: "the gateway hands on the hostname without its port",
    byHand: (place) =>
      place.replaceConfig("gateway", (text) =>
        text.replace("proxy_set_header Host $http_host", "proxy_set_header Host $host"),
      ),
    breaks: async (twin) => {
      const { port } = twin.deployed().gateway;
      for (const link of await links(twin)) expect(link.port || "443").not.toBe(String(port));
    },
    caught: { id: "api.links", words: /expected links of \/api\/v1\/ at https:\S+ .*; seen https:\S+/ },
  },
  {
    title: "records are linked by another key than they are found by",
    release: {
      changes: edited("api/serializers.py", [
        'extra_kwargs = {"url": {"view_name": "api:airport-detail", "lookup_field": "code"}}',
        'extra_kwargs = {"url": {"view_name": "api:airport-detail", "lookup_field": "id", "lookup_url_kwarg": "code"}}',
      ]),
    },
    breaks: async (twin) => {
      const { body } = await twin.get("/api/v1/airports/");
      const [first] = (JSON.parse(body) as { results: { url: string }[] }).results;
      expect((await twin.get(new URL(first?.url ?? "").pathname)).status).toBe(404);
    },
    caught: { id: "api.links", words: /\/api\/v1\/airports\/\d+\/.*404/ },
  },
]);
