import { describe, expect, it } from "vitest";
import { dockerClient, isNotFound, statusCode } from "../../../engine/docker-client.ts";
import { fakeEngine } from "./fake-engine.ts";

/** What the client's transport was made of. */
function transport(host: string): Record<string, unknown> {
  return dockerClient(host).modem as unknown as Record<string, unknown>;
}

describe("a client of the engine", () => {
  it("speaks over the socket that the address names", () => {
    expect(transport("unix:///run/user/1000/docker.sock")).toMatchObject({ socketPath: "/run/user/1000/docker.sock" });
  });

  it.each([
    ["tcp://docker.example.com:2376", { host: "docker.example.com", port: 2376 }],
    ["tcp://docker.example.com", { host: "docker.example.com", port: 2375 }],
    ["ssh://deploy@docker.example.com", { protocol: "ssh", host: "docker.example.com", port: 22, username: "deploy" }],
    ["ssh://docker.example.com:2222", { protocol: "ssh", port: 2222, username: "root" }],
  ])("reaches %s", (host, expected) => {
    expect(transport(host)).toMatchObject(expected);
  });

  it("tells what is not there from what failed", async () => {
    const { docker } = await fakeEngine(({ call }) =>
      call === "GET /services/broken" ? { status: 500, body: { message: "broken" } } : undefined,
    );
    const errorOf = (name: string) =>
      docker
        .getService(name)
        .inspect()
        .catch((error: unknown) => error);
    expect(isNotFound(await errorOf("gone"))).toBe(true);
    expect(isNotFound(await errorOf("broken"))).toBe(false);
    expect(statusCode(await errorOf("broken"))).toBe(500);
    expect(statusCode(new Error("connect ENOENT"))).toBeUndefined();
    expect(isNotFound(undefined)).toBe(false);
  });
});
