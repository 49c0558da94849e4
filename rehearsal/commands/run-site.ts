import { inClear } from "../run/declaration.ts";
import type { Site } from "../run/site.ts";
import type { LoadedStack } from "./run-context.ts";

/** How visitors reach a deployed stack. Without an administrator's password in its outputs nobody logs in. */
export function siteOf({ settings, resources }: Pick<LoadedStack, "settings" | "resources">): Site {
  const stack = resources.find(({ type }) => type === "pulumi:pulumi:Stack");
  const output = (name: string): string => {
    const value = inClear(stack?.outputs?.[name]);
    return typeof value === "string" ? value : "";
  };
  const { gateway, checks } = settings;
  return {
    gateway: { address: gateway.address, port: gateway.port },
    hostnames: gateway.hostnames,
    maxBodyMiB: gateway.maxBodyMiB,
    authority: output("certificateAuthority"),
    paths: { page: checks.page, api: checks.api, adminLogin: checks.adminLogin },
    administrator: { username: output("adminUsername"), password: output("adminPassword") },
  };
}
