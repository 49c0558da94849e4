import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { registryLogin } from "../../../engine/registry-login.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "docker-config-"));
  vi.stubEnv("DOCKER_CONFIG", folder);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function configure(config: unknown): void {
  writeFileSync(path.join(folder, "config.json"), JSON.stringify(config));
}

/** A credential helper that knows one registry. */
function helper(name: string, registry: string): void {
  const file = path.join(folder, `docker-credential-${name}`);
  const answer = JSON.stringify({ Username: name, Secret: "from-helper" });
  writeFileSync(file, `#!/bin/sh\n[ "$1 $(cat)" = "get ${registry}" ] || exit 1\nprintf '%s' '${answer}'\n`);
  chmodSync(file, 0o755);
}

const REGISTRY = "registry.example.com:5000";

describe("the login of a registry", () => {
  it("is the one that Docker's configuration file holds; a password may hold a colon", async () => {
    configure({ auths: { [REGISTRY]: { auth: Buffer.from("team:pass:word").toString("base64") } } });
    expect(await registryLogin(REGISTRY)).toEqual({
      username: "team",
      password: "pass:word",
      serveraddress: REGISTRY,
    });
    expect(await registryLogin("other.example.com")).toBeUndefined();
  });

  it("is what the registry's own helper says, or else the helper of all", async () => {
    helper("one", REGISTRY);
    helper("all", "other.example.com");
    configure({ credsStore: "all", credHelpers: { [REGISTRY]: "one" } });
    expect(await registryLogin(REGISTRY)).toEqual({
      username: "one",
      password: "from-helper",
      serveraddress: REGISTRY,
    });
    expect((await registryLogin("other.example.com"))?.username).toBe("all");
    expect(await registryLogin("third.example.com")).toBeUndefined();
  });

  it("is none where nobody has logged in, or the helper is not there", async () => {
    expect(await registryLogin(REGISTRY)).toBeUndefined();
    configure({ credsStore: "absent" });
    expect(await registryLogin(REGISTRY)).toBeUndefined();
  });
});
