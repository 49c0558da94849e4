import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connectionOptions, engineMessage } from "../../../../../toolchain/plugins/docker/client.ts";
import {
  loadCredentials,
  loginForImage,
  registryConfig,
  registryOfImage,
} from "../../../../../toolchain/plugins/docker/registry-auth.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("the way to the engine", () => {
  test.each([
    ["unix:///run/docker.sock", { socketPath: "/run/docker.sock" }],
    ["tcp://engine:2375", { protocol: "http", host: "engine", port: 2375 }],
    ["http://[::1]:4000", { protocol: "http", host: "::1", port: 4000 }],
    [
      "ssh://deploy@engine",
      { protocol: "ssh", host: "engine", port: 22, username: "deploy", sshOptions: { agent: "/agent" } },
    ],
  ])("is read from %s", (address, expected) => {
    vi.stubEnv("SSH_AUTH_SOCK", "/agent");
    expect(connectionOptions(address)).toEqual(expected);
    vi.unstubAllEnvs();
  });

  test.each(["engine", "ftp://engine", ""])('is not taken from "%s"', (address) => {
    expect(() => connectionOptions(address)).toThrow("must be an address such as unix:///var/run/docker.sock");
  });

  test("gives the engine's own words for a refusal", () => {
    const refusal = Object.assign(new Error("(HTTP code 409) unexpected - name in use "), {
      json: { message: "name in use " },
    });
    expect(engineMessage(refusal)).toBe("name in use");
    expect(engineMessage(new Error("connect ENOENT /run/docker.sock"))).toBe("connect ENOENT /run/docker.sock");
  });
});

describe("registry logins", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "docker-config-"));
    const auths = {
      "https://index.docker.io/v1/": { auth: base64("hub:pass:word") },
      "registry.example.org": { auth: base64("file:one") },
    };
    writeFileSync(path.join(folder, "config.json"), JSON.stringify({ auths }));
    vi.stubEnv("DOCKER_CONFIG", folder);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    vi.unstubAllEnvs();
  });

  test("come from Docker's configuration file, for the registry in an image's name", () => {
    const credentials = loadCredentials([]);
    expect(loginForImage(credentials, "debian:trixie-slim")).toMatchObject({ username: "hub", password: "pass:word" });
    expect(loginForImage(credentials, "registry.example.org/team/app:1")).toMatchObject({ username: "file" });
    expect(loginForImage(credentials, "other.example.org/app")).toBeUndefined();
    expect(registryConfig(credentials)).toMatchObject({
      "registry.example.org": { username: "file", password: "one" },
    });
  });

  test("of the provider come first, and one of them can be turned off", () => {
    const credentials = loadCredentials([
      { address: "https://registry.example.org", username: "given", password: "two" },
      { address: "docker.io", authDisabled: true },
      {
        address: "third.example.org",
        configFileContent: JSON.stringify({ auths: { "third.example.org": { auth: base64("c:3") } } }),
      },
    ]);
    expect(loginForImage(credentials, "registry.example.org/app")).toMatchObject({
      username: "given",
      password: "two",
    });
    expect(loginForImage(credentials, "third.example.org/app")).toMatchObject({ username: "c", password: "3" });
    expect(loginForImage(credentials, "debian")).toBeUndefined();
  });

  test("that are asked for and not there say what to do", () => {
    expect(() => loadCredentials([{ address: "absent.example.org" }])).toThrow("docker login absent.example.org");
  });

  test("take only a host for a registry", () => {
    expect(["team/app", "localhost/app", "host:5000/app", "a.b/c"].map(registryOfImage)).toEqual([
      "docker.io",
      "localhost",
      "host:5000",
      "a.b",
    ]);
  });
});
