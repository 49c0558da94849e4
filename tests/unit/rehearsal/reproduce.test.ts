import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { stackSlug } from "../../../config/load-settings.ts";
import { reproductionStack } from "../../../rehearsal/commands/reproduce.ts";
import { withRelease, withSetting } from "../../../rehearsal/commands/stack-file.ts";

const REFERENCES = Object.fromEntries(
  ["application", "static", "gateway", "postgres"].map((image) => [
    image,
    `registry:5000/shop/${image}:6d759a4a119b@sha256:${"a".repeat(64)}`,
  ]),
);

describe("a stack that reproduces production", () => {
  it("is named after the release, in a form that stays as it is on the engine", () => {
    const name = reproductionStack(REFERENCES);
    expect(name).toBe("reproduce-6d759a");
    expect(stackSlug(name)).toBe(name);
  });

  it("has release and snapshot in a file that held only what encrypts it", () => {
    const content = withSetting(withRelease("encryptionsalt: v1:abc=\n", REFERENCES), "database", "snapshot", "3fa9c2");
    expect(parse(content)).toEqual({
      encryptionsalt: "v1:abc=",
      config: { "rehearsal:images": { release: REFERENCES }, "rehearsal:database": { snapshot: "3fa9c2" } },
    });
    expect(withSetting("", "database", "snapshot", "123456"), "an id of digits alone stays a text").toContain(
      '"123456"',
    );
  });
});
