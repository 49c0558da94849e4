import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildQuery, StepOutput } from "../../../../../toolchain/plugins/docker/image/build.ts";
import { contextDigest, readBuildContext } from "../../../../../toolchain/plugins/docker/image/context.ts";
import { repoDigestOf, splitImageName } from "../../../../../toolchain/plugins/docker/image-names.ts";

describe("a build context", () => {
  let folder: string;
  const put = (name: string, content = ""): void => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  const context = (dockerfile = "app/Dockerfile"): ReturnType<typeof readBuildContext> =>
    readBuildContext(path.join(folder, "app"), path.join(folder, dockerfile));
  const names = (dockerfile?: string): string[] => [...context(dockerfile).entries.keys()];
  const digest = (dockerfile?: string): string => contextDigest(context(dockerfile));
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "context-"));
    put("app/Dockerfile", "FROM scratch\n");
    put("app/src/main.py", "print()");
    put("app/src/main.pyc");
    put("app/media/upload.bin");
    put("app/media/keep/logo.svg");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test("leaves out what the ignore file says, but for its exceptions and the Dockerfile", () => {
    put("app/.dockerignore", "**/*.pyc\nmedia\n!media/keep\nDockerfile\n");
    expect(names()).toEqual([
      ".dockerignore",
      "Dockerfile",
      "media",
      "media/keep",
      "media/keep/logo.svg",
      "src",
      "src/main.py",
    ]);
  });

  test("takes the Dockerfile's own ignore file before the context's", () => {
    put("app/.dockerignore", "src\n");
    put("other/Dockerfile", "FROM scratch\n");
    put("other/Dockerfile.dockerignore", "media\n");
    expect(names("other/Dockerfile")).toEqual([".dockerignore", "Dockerfile", "src", "src/main.py", "src/main.pyc"]);
    expect(context("other/Dockerfile").relativeDockerfile).toBe("../other/Dockerfile");
  });

  test("of a project without a Dockerfile leaves out what the project's ignore file says", () => {
    put("app/.dockerignore", "src\n");
    const images = path.resolve(import.meta.dirname, "../../../../../images");
    const { entries } = readBuildContext(path.join(folder, "app"), path.join(images, "django/Dockerfile"));
    expect([...entries.keys()]).not.toContain("src/main.py");
    expect([...entries.keys()]).toContain("media/upload.bin");
  });

  test("has a digest that changes with names, contents, modes, links and the Dockerfile, and with nothing else", () => {
    put("app/.dockerignore", "*.log\n");
    const seen = new Set([digest()]);
    const differs = (): void => {
      const current = digest();
      expect(seen).not.toContain(current);
      seen.add(current);
    };
    put("app/debug.log", "noise");
    expect(seen).toContain(digest());
    put("app/src/main.py", "print(1)");
    differs();
    put("app/src/new.py");
    differs();
    chmodSync(path.join(folder, "app/src/new.py"), 0o755);
    differs();
    symlinkSync("main.py", path.join(folder, "app/src/link.py"));
    differs();
    put("outside/Dockerfile", "FROM other\n");
    seen.add(digest("outside/Dockerfile"));
    put("outside/Dockerfile", "FROM another\n");
    expect(seen).not.toContain(digest("outside/Dockerfile"));
  });

  test("must be a folder", () => {
    expect(() => readBuildContext(path.join(folder, "none"), path.join(folder, "app/Dockerfile"))).toThrow(
      "The build context must be a folder; found none at",
    );
  });
});

describe("a build", () => {
  test("asks the engine for the classic builder", () => {
    expect(
      buildQuery("app:1", "Dockerfile", {
        context: ".",
        dockerfile: "Dockerfile",
        args: { A: "1" },
        target: "run",
        platform: "linux/amd64",
        network: "host",
        addHosts: ["a:10.0.0.1"],
        cacheFrom: { images: ["app:0"] },
      }),
    ).toEqual({
      t: "app:1",
      dockerfile: "Dockerfile",
      version: "1",
      rm: true,
      forcerm: true,
      buildargs: { A: "1" },
      target: "run",
      platform: "linux/amd64",
      networkmode: "host",
      extrahosts: ["a:10.0.0.1"],
      cachefrom: '["app:0"]',
    });
  });

  test("that fails shows the last lines of the step that failed", () => {
    const output = new StepOutput();
    const said = ["Step 1/2 : FROM x\n", "earlier\n", "Step 2/2 : RUN make\n", "half a ", "line\nand the rest"];
    const lines = said.flatMap((stream) => output.take({ stream }));
    output.take({ error: "returned a non-zero code: 2" });
    expect(lines).toEqual(["Step 1/2 : FROM x", "earlier", "Step 2/2 : RUN make", "half a line"]);
    expect(output.failure("app:1")).toBe(
      'Building the image "app:1" failed in Step 2/2 : RUN make\nreturned a non-zero code: 2\nThe step\'s last lines:\n  half a line\n  and the rest',
    );
  });
});

test("image names are taken apart at the tag, not at the registry's port", () => {
  expect(splitImageName("registry:5000/team/app:1")).toEqual({ repository: "registry:5000/team/app", tag: "1" });
  expect(splitImageName("registry:5000/team/app")).toEqual({ repository: "registry:5000/team/app", tag: "latest" });
  expect(splitImageName("app@sha256:00")).toEqual({ repository: "app", tag: "latest" });
});

test("an image's digest is that of the repository that it was asked for by", () => {
  const digests = ["a/app@sha256:1", "b/app@sha256:2"];
  expect(repoDigestOf("b/app:1", digests)).toBe("b/app@sha256:2");
  expect(repoDigestOf("c/app:1", digests)).toBe("a/app@sha256:1");
  expect(repoDigestOf("app:1", null)).toBeUndefined();
});
