import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { withRelease } from "../../../rehearsal/commands/stack-file.ts";

const REFERENCES = Object.fromEntries(
  ["application", "static", "gateway", "postgres"].map((image) => [image, `shop/${image}:1@sha256:${"a".repeat(64)}`]),
);

const FILE = `config:
  rehearsal:app:
    command: [gunicorn, "airways.wsgi:application"]
  rehearsal:images:
    registry: none
    # what the sandbox rehearsed
    release: none
encryptionsalt: v1:abc=
`;

describe("a file that takes a release", () => {
  it("names its images, and keeps all else as it stands, comments too", () => {
    const after = withRelease(FILE, REFERENCES);
    const images = Object.entries(REFERENCES).map(([image, reference]) => `      ${image}: ${reference}\n`);
    expect(after).toBe(FILE.replace("    release: none\n", `    release:\n${images.join("")}`));
  });

  it("has another release in place of the one before", () => {
    const next = { ...REFERENCES, application: `shop/application:2@sha256:${"b".repeat(64)}` };
    const after = withRelease(withRelease(FILE, REFERENCES), next);
    expect(after).toBe(withRelease(FILE, next));
    expect(after).not.toContain("shop/application:1");
  });

  it("stays as it is when it names the release already", () => {
    const once = withRelease(FILE, REFERENCES);
    expect(withRelease(once, REFERENCES)).toBe(once);
  });

  it("may be without the section before", () => {
    const content = parse(withRelease("config:\n  rehearsal:app:\n    name: shop\n", REFERENCES)) as unknown;
    expect(content).toEqual({
      config: { "rehearsal:app": { name: "shop" }, "rehearsal:images": { release: REFERENCES } },
    });
  });

  it("must be YAML", () => {
    expect(() => withRelease("config: [", REFERENCES)).toThrow(/^the file must be YAML: /);
  });
});
