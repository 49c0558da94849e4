import type { Check } from "./check.ts";
import { concreteHostname, GatewayClient } from "./gateway-client.ts";

/** A hostname that Django does not allow answers 400 while all others work. */
export const webPage: Check = {
  id: "web.page",
  title: "the page checks.page answers on every hostname",
  cause: "A view, template or query that fails, or a hostname that is not allowed or not routed.",
  consequence: "Visitors of that hostname see an error.",
  remedy:
    "See the application's log; a 400 is a hostname that DJANGO_ALLOWED_HOSTS does not name, a redirect loop a lost X-Forwarded-Proto.",
  notApplicable: ({ paths }) => (paths.page === "none" ? "checks.page is none" : undefined),
  run: async (environment) => {
    const findings = environment.hostnames.map(async (pattern) => {
      const client = new GatewayClient(environment, concreteHostname(pattern));
      const { status } = await client.fetch(environment.paths.page);
      const expected = `200 at ${client.origin}${environment.paths.page}`;
      return status === 200 ? [] : [{ expected, seen: String(status) }];
    });
    return (await Promise.all(findings)).flat();
  },
};
