import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { loadSettings, type StackSettings } from "../../../config/load-settings.ts";
import { changed } from "./raw-settings.ts";

const before = process.cwd();

beforeEach(() => {
  process.chdir(mkdtempSync(path.join(tmpdir(), "settings-")));
  mkdirSync("reference");
  writeFileSync("reference/manage.py", "");
  writeFileSync("reference/requirements.txt", "");
  writeFileSync("reference/requirements.txt", "");
});

afterEach(() => {
  const folder = process.cwd();
  process.chdir(before);
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

type Sections = Record<string, unknown>;

function write(stack: string, sections: Sections): void {
  const config = Object.fromEntries(Object.entries(sections).map(([name, value]) => [`rehearsal:${name}`, value]));
  writeFileSync(`Pulumi.${stack}.yaml`, stringify({ encryptionsalt: "v1:x", config: { ...config, "other:key": "1" } }));
}

/** Loads a stack whose file holds `own`, as the engine hands it to the program. */
async function load(stack: string, own: Sections, secretSections: readonly string[] = []): Promise<StackSettings> {
  await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) }, "rehearsal", stack);
  const config = Object.entries(own).map(([name, value]) => [
    `rehearsal:${name}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig({ ...Object.fromEntries(config), "other:key": "1" } as Record<string, string>);
  vi.stubEnv("PULUMI_CONFIG_SECRET_KEYS", JSON.stringify(secretSections.map((name) => `rehearsal:${name}`)));
  return loadSettings();
}

describe("the sandbox and production", () => {
  it("take what their own file says, and nothing of each other", async () => {
    write("sandbox", changed({ "app.replicas": 2, "gateway.port": 8443, "gateway.domain": "sandbox.localhost" }));
    const own = changed({ "app.replicas": 4, "gateway.port": 443, "gateway.domain": "example.com" });
    write("production", own);
    const { stack, settings } = await load("production", own);
    expect(stack).toBe("production");
    expect([settings.app.replicas, settings.gateway.port]).toEqual([4, 443]);
    rmSync("Pulumi.production.yaml");
    await expect(load("production", { app: own["app"] })).rejects.toThrow("rehearsal:etl must be a map");
  });

  it("have hostnames in full", async () => {
    const own = changed({ "gateway.domain": "example.com", "gateway.hostnames": ["@", "api", "*.tenants"] });
    const { settings } = await load("production", own);
    expect(settings.gateway.hostnames).toEqual(["example.com", "api.example.com", "*.tenants.example.com"]);
  });

  it.each(["sandbox", "production"])("refuse a file that differs in what may not: %s", async (stack) => {
    write("sandbox", changed({ "app.drainSeconds": 3 }));
    write("production", changed({ "app.drainSeconds": 5, "app.replicas": 4 }));
    const own = changed({ "app.drainSeconds": stack === "sandbox" ? 3 : 5 });
    await expect(load(stack, own)).rejects.toThrow(
      [
        "Environments differ in what they may not; nothing was changed.",
        "  rehearsal:app.replicas stands in Pulumi.production.yaml and not in Pulumi.sandbox.yaml; both must hold the same keys. Add it to Pulumi.sandbox.yaml.",
        "  rehearsal:app.drainSeconds must be the same in every environment; found 3 in Pulumi.sandbox.yaml and 5 in Pulumi.production.yaml.",
      ].join("\n"),
    );
  });
});

describe("a secret in clear", () => {
  const message = (name: string) =>
    `rehearsal:app.secrets.${name} must be stored encrypted; found it in clear. Set it with: pulumi config set --path --secret 'rehearsal:app.secrets.${name}' VALUE`;

  it("is refused beside an encrypted one, and only there", async () => {
    const own = changed({ "app.secrets": { API_KEY: "decrypted", MAIL_KEY: "in clear" } });
    write("search", changed({ "app.secrets": { API_KEY: { secure: "v1:aaaa" }, MAIL_KEY: "in clear" } }));
    const refused = load("search", own, ["app"]);
    await expect(refused).rejects.toThrow(message("MAIL_KEY"));
    await expect(refused).rejects.not.toThrow(message("API_KEY"));
    write("search", changed({ "app.secrets": { API_KEY: { secure: "v1:aaaa" }, MAIL_KEY: { secure: "v1:bbbb" } } }));
    const { settings } = await load("search", own, ["app"]);
    expect(settings.app.secrets).toEqual({ API_KEY: "decrypted", MAIL_KEY: "in clear" });
  });

  it("is only what is secret of a setting", async () => {
    const server = { host: "db.example.com", username: "admin", password: "decrypted" };
    write(
      "search",
      changed({
        "database.server": { ...server, password: { secure: "v1:aaaa" } },
        "database.snapshot": "none",
        "network.outside": true,
      }),
    );
    const own = changed({ "database.server": server, "database.snapshot": "none", "network.outside": true });
    const { settings } = await load("search", own, ["database"]);
    expect(settings.database.server).toMatchObject({ host: "db.example.com" });
  });
});

describe("a branch's stack", () => {
  const sandbox = changed({
    "app.replicas": 3,
    "app.secrets": { API_KEY: { secure: "v1:aaaa" } },
    "gateway.domain": "sandbox.localhost",
    "gateway.port": 8443,
    "gateway.maxBodyMiB": 25,
    "database.adminPort": 15_432,
    "database.extensions": ["pg_trgm"],
  });

  it("takes the sandbox's settings but for what follows from its own name and what only the sandbox can decrypt", async () => {
    write("sandbox", sandbox);
    const { stack, settings } = await load("Feature/Login", {});
    expect(stack).toMatch(/^feature-lo-[0-9a-f]{5}$/);
    expect(settings.app.replicas).toBe(3);
    expect(settings.gateway.maxBodyMiB).toBe(25);
    expect(settings.database.extensions).toEqual(["pg_trgm"]);
    expect(settings.app.secrets).toEqual({});
    expect(settings.gateway.domain).toBe(`${stack}.localhost`);
    expect(settings.gateway.hostnames[1]).toBe(`www.${stack}.localhost`);
    expect([8443, 15_432]).not.toContain(settings.gateway.port);
    expect(settings.database.adminPort).toBe(settings.gateway.port + 1);
  });

  it("sets its own over them, key by key", async () => {
    write("sandbox", sandbox);
    const own = { app: { replicas: 1, secrets: { API_KEY: "k" } }, gateway: { port: 9443 } };
    const { settings } = await load("feature-login", own, ["app"]);
    expect([settings.app.replicas, settings.app.settingsModule]).toEqual([1, "airways.settings"]);
    expect(settings.app.secrets).toEqual({ API_KEY: "k" });
    expect([settings.gateway.port, settings.gateway.maxBodyMiB]).toEqual([9443, 25]);
  });

  it("may leave in clear what is no secret beside what is one", async () => {
    const server = { host: "db.example.com", username: "admin", password: { secure: "v1:aaaa" } };
    write("sandbox", sandbox);
    write("feature-login", { database: { server, snapshot: "none" }, network: { outside: true } });
    const own = {
      database: { server: { ...server, password: "decrypted" }, snapshot: "none" },
      network: { outside: true },
    };
    const { settings } = await load("feature-login", own, ["database"]);
    expect(settings.database.server).toMatchObject({ host: "db.example.com", password: "decrypted" });
  });

  it("does not take a secret that stands in clear beside an encrypted one", async () => {
    write("sandbox", sandbox);
    write("feature-login", { app: { secrets: { API_KEY: { secure: "v1:aaaa" }, OTHER_KEY: "in-clear" } } });
    const own = { app: { secrets: { API_KEY: "decrypted", OTHER_KEY: "in-clear" } } };
    const refused = load("feature-login", own, ["app"]);
    await expect(refused).rejects.toThrow("rehearsal:app.secrets.OTHER_KEY must be ");
    await expect(refused).rejects.not.toThrow(/API_KEY|decrypted|in-clear/);
  });

  it("does not take a secret that the sandbox holds in clear", async () => {
    write("sandbox", changed({ "app.secrets": { API_KEY: "in-clear" } }));
    const refused = load("feature-login", {});
    await expect(refused).rejects.toThrow("rehearsal:app.secrets must be stored encrypted; found it in clear.");
    await expect(refused).rejects.not.toThrow("in-clear");
  });

  it("is not held to the sandbox's keys", async () => {
    write("sandbox", sandbox);
    write("production", sandbox);
    await expect(load("feature-login", { rollout: { timeoutSeconds: 60 } })).resolves.toBeDefined();
  });
});

describe("wrong settings", () => {
  it("end as an error without a stack trace that names the file and every fault", async () => {
    const own = changed({ "app.replicas": 0, "gateway.port": "x" });
    const error: unknown = await load("sandbox", own).catch((reason: unknown) => reason);
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    const lines = (error as Error).message.split("\n");
    expect(lines[0]).toBe("Pulumi.sandbox.yaml: 2 settings are wrong; nothing was changed.");
    expect(lines.slice(1)).toEqual([
      expect.stringContaining("rehearsal:app.replicas must be a whole number from 1 to 100; found 0."),
      expect.stringContaining('rehearsal:gateway.port must be a whole number from 1 to 65535; found "x".'),
    ]);
  });

  it("are found in a section that is a plain text too", async () => {
    await expect(load("sandbox", { ...changed({}), app: "reference" })).rejects.toThrow(
      'rehearsal:app must be a map with at least name, source, settingsModule, command; found "reference".',
    );
  });
});
