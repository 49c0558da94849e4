import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "C6",
  class: "configuration",
  title: "X-Forwarded-Proto is dropped while redirects to HTTPS are on",
  covers:
    "requests that do not look to the application as the client sent them: scheme, host and forged headers, on every hostname",
});

const PROTO = "  proxy_set_header X-Forwarded-Proto https;\n";

async function redirectsToItself(twin: Staged): Promise<void> {
  const { status, headers } = await twin.get("/");
  expect(status).toBe(301);
  expect(new URL(String(headers["location"])).hostname).toBe(twin.hostname());
}

testFaults([
  {
    title: "the gateway does not send it",
    byHand: (place) => place.replaceConfig("gateway", (text) => text.replace(PROTO, "")),
    breaks: redirectsToItself,
    caught: {
      id: "gateway.proxy",
      words: /expected no redirect of https:\S+ to itself or to plain HTTP; seen 301 to itself/,
    },
  },
  {
    title: "the gateway hands on what the client says",
    byHand: (place) =>
      place.replaceConfig("gateway", (text) =>
        text.replace("X-Forwarded-Proto https", "X-Forwarded-Proto $http_x_forwarded_proto"),
      ),
    breaks: redirectsToItself,
    caught: { id: "gateway.proxy", words: /seen 301 to itself/ },
  },
  {
    title: "the gateway sends the name of the service as the host",
    byHand: (place) =>
      place.replaceConfig("gateway", (text) =>
        text.replace("proxy_set_header Host $http_host", "proxy_set_header Host $proxy_host"),
      ),
    breaks: async (twin) => {
      expect((await twin.get("/")).status).toBe(400);
    },
    caught: { id: "web.page", words: /expected 200 at https:\S+; seen 400/ },
  },
]);
