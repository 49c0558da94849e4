import { describe, expect, it } from "vitest";
import { describeFaults } from "../../../config/load-settings.ts";
import { settingEntries } from "../../../config/settings.ts";
import { changed, faultsOf, leastSettings, parsed } from "./raw-settings.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const IMAGE = `reference/application:1234@${DIGEST}`;

describe("settings that are left out", () => {
  it("take their documented default", () => {
    const settings = parsed(leastSettings()) as unknown as Record<string, Record<string, unknown>>;
    const defaults = settingEntries().filter((entry) => "defaultValue" in entry);
    expect(defaults.length).toBeGreaterThan(20);
    for (const { section, key, defaultValue } of defaults) {
      expect(settings[section]?.[key], `${section}.${key}`).toEqual(defaultValue);
    }
  });

  it("are refused where there is no default, each by its path and with a remedy", () => {
    for (const { section, key, meta, ...entry } of settingEntries()) {
      if ("defaultValue" in entry || meta.derived !== undefined) continue;
      expect(faultsOf(changed({ [`${section}.${key}`]: undefined })), `${section}.${key}`).toEqual([
        {
          path: `rehearsal:${section}.${key}`,
          rule: meta.rule,
          found: "nothing",
          remedy: expect.stringMatching(/pulumi config set|npx rehearse promote/) as string,
        },
      ]);
    }
  });

  it("are refused as a section, with what it must hold at least", () => {
    const sections = Object.entries(leastSettings()).filter(([section]) => section !== "app");
    expect(faultsOf(Object.fromEntries(sections))).toEqual([
      {
        path: "rehearsal:app",
        rule: "a map with at least name, source, settingsModule, command",
        found: "nothing",
        remedy: "See docs/settings.md, section app.",
      },
    ]);
  });
});

describe("a wrong value", () => {
  it.each<[place: string, value: unknown, path: string, found: string]>([
    ["app.name", "Reference", "app.name", '"Reference"'],
    ["app.name", "a-name-of-14ch", "app.name", '"a-name-of-14ch"'],
    ["app.name", 7, "app.name", "7"],
    ["app.source", "", "app.source", '""'],
    ["app.command", [], "app.command", "[]"],
    ["app.command", "gunicorn", "app.command", '"gunicorn"'],
    ["app.command", ["gunicorn", ""], "app.command.1", '""'],
    ["app.environment", { "log-level": "INFO" }, "app.environment.log-level", '"INFO"'],
    ["app.environment", { LEVEL: 3 }, "app.environment.LEVEL", "3"],
    ["app.replicas", 0, "app.replicas", "0"],
    ["app.replicas", 1.5, "app.replicas", "1.5"],
    ["app.replicas", "2", "app.replicas", '"2"'],
    ["app.memoryMiB", 16, "app.memoryMiB", "16"],
    ["app.cpus", 0, "app.cpus", "0"],
    ["app.drainSeconds", 61, "app.drainSeconds", "61"],
    ["etl.command", "all", "etl.command", '"all"'],
    ["etl.command", [], "etl.command", "[]"],
    ["etl.command", { run: "x" }, "etl.command", '{"run":"x"}'],
    ["gateway.domain", "Example.com", "gateway.domain", '"Example.com"'],
    ["gateway.domain", "example.com.", "gateway.domain", '"example.com."'],
    ["gateway.hostnames", [], "gateway.hostnames", "[]"],
    ["gateway.hostnames", ["@", "https://www"], "gateway.hostnames.1", '"https://www"'],
    ["gateway.hostnames", ["a.*"], "gateway.hostnames.0", '"a.*"'],
    ["gateway.port", 65_536, "gateway.port", "65536"],
    ["gateway.publish", "vip", "gateway.publish", '"vip"'],
    ["tls.certificate", "letsencrypt", "tls.certificate", "another value (not shown)"],
    ["database.server", "managed", "database.server", "another value (not shown)"],
    ["database.snapshot", "latest", "database.snapshot", '"latest"'],
    ["database.snapshot", "01234", "database.snapshot", '"01234"'],
    ["database.snapshot", 123456, "database.snapshot", "123456"],
    ["database.name", "App", "database.name", '"App"'],
    ["database.adminPort", 0, "database.adminPort", "0"],
    ["database.extensions", ["pg trgm"], "database.extensions.0", '"pg trgm"'],
    ["database.maxConnections", 5, "database.maxConnections", "5"],
    ["database.protect", "yes", "database.protect", '"yes"'],
    ["migration.lockTimeoutSeconds", 0, "migration.lockTimeoutSeconds", "0"],
    ["migration.statementTimeoutSeconds", 86_401, "migration.statementTimeoutSeconds", "86401"],
    ["network.outside", 1, "network.outside", "1"],
    ["images.registry", "https://registry", "images.registry", '"https://registry"'],
    ["images.release", "latest", "images.release", '"latest"'],
    ["rollout.timeoutSeconds", 5, "rollout.timeoutSeconds", "5"],
    ["checks.page", "about", "checks.page", '"about"'],
    ["engine.host", "localhost:2375", "engine.host", '"localhost:2375"'],
  ])("of %s (%j) is refused at %s", (place, value, path, found) => {
    const [section, key] = place.split(".");
    const entry = settingEntries().find((candidate) => candidate.section === section && candidate.key === key);
    const faults = faultsOf(changed({ [place]: value }));
    expect(faults).toEqual([
      {
        path: `rehearsal:${path}`,
        rule: entry?.meta.rule,
        found,
        remedy: expect.stringMatching(/^(Set (it|them) with: pulumi config set|Take the release)/) as string,
      },
    ]);
  });

  it.each([
    ["gateway.hostnames", ["@", "www", "a.b", "*", "*.tenants"]],
    ["checks.page", "none"],
    ["images.registry", "registry.example.com:5000/team"],
    ["engine.host", "ssh://deploy@docker.example.com"],
    ["etl.command", ["python", "manage.py", "etl_worker"]],
  ])("is not what %s has as %j", (place, value) => {
    expect(faultsOf(changed({ [place]: value }))).toEqual([]);
  });

  it("in one of a release's images is named by that image", () => {
    const release = { application: IMAGE, static: IMAGE, gateway: IMAGE, postgres: "reference/postgres:latest" };
    expect(faultsOf(changed({ "images.release": release }))).toEqual([
      expect.objectContaining({ path: "rehearsal:images.release.postgres", found: '"reference/postgres:latest"' }),
    ]);
  });

  it("of an external server is named by its key, and its password is not shown", () => {
    const server = { host: "db.example.com", username: "admin", password: "", sslmode: "prefer" };
    expect(faultsOf(changed({ "database.server": server }), ["database"])).toEqual([
      expect.objectContaining({ path: "rehearsal:database.server.password", found: "nothing" }),
      expect.objectContaining({ path: "rehearsal:database.server.sslmode" }),
    ]);
  });

  it("of a section is refused as a whole", () => {
    expect(faultsOf({ ...leastSettings(), migration: "off" })).toEqual([
      {
        path: "rehearsal:migration",
        rule: "a map",
        found: '"off"',
        remedy: "See docs/settings.md, section migration.",
      },
    ]);
  });
});

it("reports every fault at once, each with path, rule, value found and remedy", () => {
  const raw = changed({ "app.replicas": 0, "gateway.port": "x", "gateway.prot": 1, "tls.certificate": "none" });
  const faults = faultsOf({ ...raw, datbase: {} });
  expect(faults.map(({ path }) => path).sort()).toEqual([
    "rehearsal:app.replicas",
    "rehearsal:datbase",
    "rehearsal:gateway.port",
    "rehearsal:gateway.prot",
    "rehearsal:tls.certificate",
  ]);
  const text = describeFaults("sandbox", faults);
  expect(text.split("\n")[0]).toBe("Pulumi.sandbox.yaml: 5 settings are wrong; nothing was changed.");
  expect(text).toContain(
    "  rehearsal:app.replicas must be a whole number from 1 to 100; found 0. " +
      "Set it with: pulumi config set --path 'rehearsal:app.replicas' 2",
  );
  expect(describeFaults("a", faults.slice(0, 1)).split("\n")[0]).toBe(
    "Pulumi.a.yaml: 1 setting is wrong; nothing was changed.",
  );
});

describe("an unknown key", () => {
  it("is refused as a section, with the sections there are", () => {
    expect(faultsOf({ ...leastSettings(), appp: {} })).toEqual([
      {
        path: "rehearsal:appp",
        rule: expect.stringMatching(/^one of the known keys app, etl, static, gateway, .*, engine$/) as string,
        found: '"appp"',
        remedy: "Correct the key or take it out.",
      },
    ]);
  });

  it("is refused in every section, with the section's keys", () => {
    for (const section of new Set(settingEntries().map((entry) => entry.section))) {
      const keys = settingEntries().flatMap((entry) => (entry.section === section ? [entry.key] : []));
      expect(faultsOf(changed({ [`${section}.unknown`]: 1 })), section).toEqual([
        {
          path: `rehearsal:${section}.unknown`,
          rule: `one of the known keys ${keys.join(", ")}`,
          found: '"unknown"',
          remedy: "Correct the key or take it out.",
        },
      ]);
    }
  });

  it("is refused inside of a setting, without showing a secret that may stand under it", () => {
    const server = { host: "h", username: "u", password: "p", pasword: "hidden-secret" };
    const faults = faultsOf(changed({ "database.server": server }), ["database"]);
    expect(faults).toEqual([
      expect.objectContaining({
        path: "rehearsal:database.server.pasword",
        rule: "a key that the setting knows",
        found: '"pasword"',
      }),
    ]);
    expect(JSON.stringify(faults)).not.toContain("hidden-secret");
  });
});

describe("a secret", () => {
  const server = { host: "db.example.com", username: "admin", password: "hunter2" };

  it.each([
    ["app.secrets", { API_KEY: "hunter2" }],
    ["database.server", server],
    ["tls.certificate", { chain: "-----BEGIN CERTIFICATE-----hunter2", key: "-----BEGIN PRIVATE KEY-----hunter2" }],
  ])("that stands in clear is refused: %s", (place, value) => {
    const faults = faultsOf(changed({ [place]: value }));
    const remedy = expect.stringContaining("pulumi config set --path --secret") as string;
    expect(faults).toContainEqual({
      path: `rehearsal:${place}`,
      rule: "stored encrypted",
      found: "it in clear",
      remedy,
    });
    expect(JSON.stringify(faults)).not.toContain("hunter2");
  });

  it("that stands encrypted is taken", () => {
    const raw = changed({
      "app.secrets": { API_KEY: "k" },
      "database.server": server,
      "database.snapshot": "none",
      "network.outside": true,
    });
    const settings = parsed(raw, "sandbox", ["app", "database"]);
    expect(settings.app.secrets).toEqual({ API_KEY: "k" });
    expect(settings.database.server).toEqual({ ...server, port: 5432, sslmode: "verify-full", rolePrefix: "" });
  });

  it("that is wrong is not shown", () => {
    const faults = faultsOf(changed({ "app.secrets": { "api-key": "hunter2" } }), ["app"]);
    expect(faults).toEqual([
      expect.objectContaining({ path: "rehearsal:app.secrets.api-key", found: "another value (not shown)" }),
    ]);
    expect(JSON.stringify(faults)).not.toContain("hunter2");
  });

  it("that is not set yet is missing, not in clear", () => {
    const faults = faultsOf(changed({ "tls.certificate": { chain: "", key: "" } }));
    expect(faults).toEqual([
      expect.objectContaining({ path: "rehearsal:tls.certificate.chain", found: "nothing" }),
      expect.objectContaining({ path: "rehearsal:tls.certificate.key", found: "nothing" }),
    ]);
  });
});

it("documents every setting in a way that its own example meets", () => {
  for (const { section, key, meta } of settingEntries()) {
    expect(meta.doc, `${section}.${key}`).toMatch(/^[A-Z`].*\.$/s);
    const raw = changed({ [`${section}.${key}`]: meta.example });
    expect(faultsOf(raw, ["app"]), `${section}.${key}`).toEqual([]);
  }
});
