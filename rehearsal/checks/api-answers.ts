import type { Check } from "./check.ts";
import { mainClient } from "./gateway-client.ts";

export const apiAnswers: Check = {
  id: "api.answers",
  title: "the API answers with JSON",
  cause: "The API is not routed at that path, fails, or answers with a page of errors.",
  consequence: "Clients of the API get errors.",
  remedy: "See the application's log, and the setting checks.api.",
  notApplicable: ({ paths }) => (paths.api === "none" ? "checks.api is none" : undefined),
  run: async (environment) => {
    const client = mainClient(environment);
    const { status, headers, body } = await client.fetch(environment.paths.api);
    const type = String(headers["content-type"] ?? "no content type");
    const expected = `200 and JSON at ${client.origin}${environment.paths.api}`;
    if (status !== 200 || !/\bjson\b/.test(type)) return [{ expected, seen: `${status}, ${type}` }];
    try {
      JSON.parse(body);
      return [];
    } catch {
      return [{ expected, seen: `a body that is not JSON: ${body.slice(0, 80)}` }];
    }
  },
};
