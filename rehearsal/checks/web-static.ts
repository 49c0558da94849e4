import type { Check, DeployedEnvironment } from "./check.ts";
import { mainClient } from "./gateway-client.ts";

/** Pages without their style sheets answer 200 all the same. */
export const webStatic: Check = {
  id: "web.static",
  title: "the static files that pages reference are served",
  remedy: "Check STATIC_URL (/static/) and STATIC_ROOT of the settings, and that collectstatic finds the file.",
  notApplicable: ({ paths }) =>
    paths.page === "none" && paths.adminLogin === "none" ? "checks.page and checks.adminLogin are none" : undefined,
  run: async (environment) => {
    const client = mainClient(environment);
    const assets = await referencedAssets(environment);
    if (assets.length === 0) {
      return [{ expected: "a page that references a file below /static/", seen: "no such reference" }];
    }
    const findings = assets.map(async (asset) => {
      const { status, body } = await client.once(asset);
      if (status === 200 && body.length > 0) return [];
      return [
        { expected: `200 and content at ${client.origin}${asset}`, seen: `${status}, ${body.length} characters` },
      ];
    });
    return (await Promise.all(findings)).flat();
  },
};

async function referencedAssets(environment: DeployedEnvironment): Promise<string[]> {
  const client = mainClient(environment);
  const pages = [environment.paths.page, environment.paths.adminLogin].filter((path) => path !== "none");
  const bodies = await Promise.all(pages.map(async (path) => (await client.fetch(path)).body));
  return [...new Set(bodies.flatMap(assetsOf))];
}

/** Paths below `/static/` that a page references. */
export function assetsOf(html: string): string[] {
  return [...html.matchAll(/(?:href|src)\s*=\s*["']?(\/static\/[^"'\s>?#]+)/g)].flatMap(([, path]) => path ?? []);
}
