import { describe, expect, it } from "vitest";
import { fullHostnames } from "../../../config/consistency.ts";
import { type Settings, settingsSchema } from "../../../config/settings.ts";
import { settingsHashes } from "../../../config/settings-hash.ts";

function settings(domain = "sandbox.localhost"): Settings {
  return settingsSchema.parse({
    app: {
      name: "shop",
      source: "shop",
      settingsModule: "shop.settings",
      command: ["gunicorn"],
      environment: { LEVEL: "INFO" },
      secrets: { TOKEN: "one" },
    },
    etl: { command: "none" },
    gateway: { domain, port: 8443, hostnames: fullHostnames(domain, ["@", "www", "*.tenants"]) },
    tls: { certificate: { chain: "BEGIN CERTIFICATE", key: "BEGIN PRIVATE KEY" } },
    database: { server: "container", adminPort: 15_432 },
    images: { release: "build" },
  });
}

const MADE = settingsHashes(settings());

describe("the hashes of settings", () => {
  it("are the same for the shared settings of two environments", () => {
    const production = settings("example.com");
    const other = settingsHashes({
      ...production,
      app: { ...production.app, replicas: 9, environment: { LEVEL: "WARN" } },
    });
    expect(other.shared).toBe(MADE.shared);
    expect(other.environment).not.toBe(MADE.environment);
  });

  it("are others for another shared setting, and for another name of a variable", () => {
    const base = settings();
    expect(settingsHashes({ ...base, rollout: { timeoutSeconds: 99 } }).shared).not.toBe(MADE.shared);
    const renamed = { ...base, app: { ...base.app, environment: { LEVELS: "INFO" } } };
    expect(settingsHashes(renamed).shared).not.toBe(MADE.shared);
    const hosts = { ...base, gateway: { ...base.gateway, hostnames: ["sandbox.localhost"] } };
    expect(settingsHashes(hosts).shared).not.toBe(MADE.shared);
  });

  it("tell nothing of a secret's value, nor of where the engine is reached", () => {
    const base = settings();
    const secret = { ...base, app: { ...base.app, secrets: { TOKEN: "two" } } };
    const certificate = { chain: "BEGIN CERTIFICATE", key: "BEGIN PRIVATE KEY of another" };
    expect(settingsHashes({ ...secret, tls: { certificate }, engine: { host: "tcp://elsewhere:2376" } })).toEqual(MADE);
  });
});
