import { describe, expect, it } from "vitest";
import { derivedSettings, stackSlug } from "../../../config/load-settings.ts";
import { changed, leastSettings, parsed } from "./raw-settings.ts";

describe("a stack's name", () => {
  it.each([
    ["sandbox", "sandbox"],
    ["a-branch-of-16ch", "a-branch-of-16ch"],
    ["Feature/Login", /^feature-lo-[0-9a-f]{5}$/],
    ["a-branch-of-17-ch", /^a-branch-o-[0-9a-f]{5}$/],
    ["fix--double", /^fix-double-[0-9a-f]{5}$/],
    ["_private_", /^private-[0-9a-f]{5}$/],
    ["___", /^[0-9a-f]{5}$/],
  ])("%s becomes %s on the engine", (stack, slug) => {
    expect(stackSlug(stack)).toMatch(slug);
    expect(stackSlug(stack)).toMatch(/^[a-z0-9][a-z0-9-]{0,14}[a-z0-9]$/);
  });

  it("stays apart from another one that begins alike or differs in case only", () => {
    const names = [
      "feature-login-1",
      "feature-login-page-a",
      "feature-login-page-b",
      "Feature-login-1",
      "feature_login_1",
    ];
    expect(new Set(names.map(stackSlug)).size).toBe(names.length);
  });

  it("gives a domain and two ports of its own, below the range of ephemeral ports", () => {
    const names = Array.from({ length: 40 }, (_, index) => `branch-${index}`);
    const ports = names.map((name) => {
      const { gateway, database } = parsed(leastSettings(), name);
      expect(gateway.domain).toBe(`${name}.localhost`);
      expect(database.adminPort).toBe(gateway.port + 1);
      expect(gateway.port % 2).toBe(0);
      expect(gateway.port).toBeGreaterThanOrEqual(20_000);
      expect(database.adminPort).toBeLessThan(30_000);
      return gateway.port;
    });
    expect(new Set(ports).size).toBe(names.length);
  });

  it("gives the same domain and ports every time", () => {
    expect(derivedSettings("feature-login")).toEqual(derivedSettings("feature-login"));
    expect(derivedSettings("feature-login")).not.toEqual(derivedSettings("feature-logout"));
  });

  it("gives nothing that the stack's own file sets", () => {
    const raw = changed({ "gateway.domain": "example.com", "gateway.port": 443, "database.adminPort": 15_433 });
    const { gateway, database } = parsed(raw, "feature-login");
    expect([gateway.domain, gateway.port, database.adminPort]).toEqual(["example.com", 443, 15_433]);
  });
});
