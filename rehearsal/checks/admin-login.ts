import type { Check } from "./check.ts";
import { mainClient } from "./gateway-client.ts";

export const adminLogin: Check = {
  id: "admin.login",
  title: "the admin's login page answers with a form",
  cause: "The admin is not routed at that path, or its template or database fails.",
  consequence: "Nobody can administer the system.",
  remedy: "See the application's log, and the setting checks.adminLogin.",
  notApplicable: ({ paths }) => (paths.adminLogin === "none" ? "checks.adminLogin is none" : undefined),
  run: async (environment) => {
    const client = mainClient(environment);
    const { status, body } = await client.fetch(environment.paths.adminLogin);
    if (status === 200 && formToken(body) !== undefined) return [];
    const seen = status === 200 ? "200 without a form with a CSRF token" : String(status);
    return [{ expected: `200 and a login form at ${client.origin}${environment.paths.adminLogin}`, seen }];
  },
};

/** The CSRF token of the first form of a page. */
export function formToken(html: string): string | undefined {
  return /name=["']csrfmiddlewaretoken["'] value=["']([^"']+)["']/.exec(html)?.[1];
}
